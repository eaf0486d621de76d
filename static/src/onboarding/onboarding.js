import { Component, onMounted, onWillStart, onWillUnmount, useRef, useState } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { useService } from "@web/core/utils/hooks";
import { OnboardingModel } from "./onboarding_model";
import { CHOICES, MORE, STATES, STEPS } from "./steps";

/** Leads from the installation to the first figures; who may not do it sees whom to ask. */
export class Onboarding extends Component {
  static template = "loyalty_reporting.Onboarding";
  static props = {
    companyId: Number,
    // Called once there are figures to be shown.
    onFigures: { type: Function, optional: true },
    canHide: { type: Boolean, optional: true },
  };

  setup() {
    this.action = useService("action");
    this.STATES = STATES;
    this.title = useRef("title");
    this.model = new OnboardingModel(useService("orm"), this.props.companyId, this.props.onFigures);
    this.state = useState(this.model.state);
    onWillStart(() => this.model.look());
    onMounted(() => this.model.start());
    onWillUnmount(() => this.model.stop());
  }

  get steps() {
    return this.state.answer.steps.map((step) => ({ ...step, ...STEPS[step.name], buttons: this.buttons(step) }));
  }

  get current() {
    return this.state.answer.steps.find((step) => step.state !== "done")?.name;
  }

  get heading() {
    return _t("First steps: %s", this.state.answer.company);
  }

  get doneText() {
    const { steps } = this.state.answer;
    const done = steps.filter((step) => step.state === "done").length;
    return _t("%(done)s of %(all)s done", { done, all: steps.length });
  }

  get more() {
    return this.state.answer.more.map((step) => ({ ...step, ...MORE[step.name] }));
  }

  get choices() {
    return CHOICES.filter((choice) => this.state.answer.choices[choice.name] !== false);
  }

  get isDemo() {
    return this.state.answer.system === "demo";
  }

  /** A source is to be chosen as long as there is none but the demo. */
  get isChoosing() {
    return this.isDemo || this.state.answer.steps[0].state !== "done";
  }

  buttons(step) {
    return STEPS[step.name].buttons(step, this.state.answer);
  }

  async press(place) {
    if (place === "dashboard") {
      return this.action.doAction("loyalty_reporting.loyalty_reporting_dashboard_action", { clearBreadcrumbs: true });
    }
    const action = await this.model.open(place);
    if (action) {
      await this.action.doAction(action, { onClose: () => this.model.look() });
    }
  }

  async choose(choice) {
    if (choice.place) {
      return this.press(choice.place);
    }
    await this.model.choose(choice.name);
    // The button that was pressed is gone.
    this.title.el?.focus();
  }

  async hide(isHidden) {
    await this.model.hide(isHidden);
    this.title.el?.focus();
  }
}
