import { reactive } from "@odoo/owl";
import { browser } from "@web/core/browser/browser";

const MODEL = "loyalty.reporting.onboarding";
// Milliseconds between two looks, while something is going on and otherwise.
const SOON = 2000;
const LATER = 15000;

/** How the first steps of a company stand, looked up again and again. */
export class OnboardingModel {
  constructor(orm, companyId, onFigures) {
    this.orm = orm;
    this.companyId = companyId;
    this.onFigures = onFigures;
    this.state = reactive({ answer: null, error: "", tried: null, isBusy: false });
  }

  start() {
    this.seen = () => document.hidden || this.look();
    document.addEventListener("visibilitychange", this.seen);
    this.lookLater();
  }

  stop() {
    this.isStopped = true;
    document.removeEventListener("visibilitychange", this.seen);
    browser.clearTimeout(this.timer);
  }

  /** Ask how it stands; what is shown stays if there is no answer. */
  async look() {
    try {
      this._take(await this._ask("look"));
    } catch (error) {
      this.state.error = error.data?.message || error.message;
    }
  }

  lookLater() {
    const isGoingOn = this.state.answer?.steps?.some((step) => step.state === "running" || step.place === "load");
    this.timer = browser.setTimeout(
      async () => {
        if (!document.hidden) {
          await this.look();
        }
        if (!this.isStopped) {
          this.lookLater();
        }
      },
      isGoingOn ? SOON : LATER,
    );
  }

  /** Return the action that leads to a step; null where it was done at once. */
  open(place) {
    return this._do("open_step", place);
  }

  choose(system) {
    return this._do("choose", system);
  }

  hide(isHidden) {
    return this._do("hide", isHidden);
  }

  async _do(method, ...given) {
    this.state.isBusy = true;
    try {
      return await this.orm.call(MODEL, method, [this.companyId, ...given]);
    } finally {
      this.state.isBusy = false;
      this.state.tried = null;
      await this.look();
    }
  }

  _ask(method) {
    return this.orm.silent.call(MODEL, method, [this.companyId]);
  }

  _take(answer) {
    const test = answer.steps?.find((step) => step.name === "test");
    if (test?.state === "todo" && answer.source_type && answer.source_type !== "push") {
      Object.assign(test, this.state.tried);
      if (!this.state.tried && !this.isTrying) {
        this._try();
      }
    }
    Object.assign(this.state, { answer, error: "" });
    if (answer.steps?.at(-1).state === "done") {
      this.onFigures?.();
    }
  }

  /** A source that was never read is asked whether it can be: it may take a while. */
  async _try() {
    this.isTrying = true;
    try {
      this.state.tried = await this._ask("try_source");
      await this.look();
    } catch {
      // Nothing is known then: the step stays to be done.
    } finally {
      this.isTrying = false;
    }
  }
}
