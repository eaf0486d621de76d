import { markRaw } from "@odoo/owl";
import { browser } from "@web/core/browser/browser";
import { registry } from "@web/core/registry";
import { Reactive } from "@web/core/utils/reactive";
import { ask } from "./standing_request";

const SECOND = 1000;
export const FRESH = 60 * SECOND;
export const TIMEOUT = 3 * SECOND;
// After a question that nobody waited for failed, none is asked unasked for so long.
const QUIET = 60 * SECOND;
// Customers are picked and corrected quickly: the last one is meant.
const SETTLE = 0.8 * SECOND;
const IDLE_AT_LAST = 2 * SECOND;
// What is known of customers is kept in the memory of the page: so many, for so long.
export const MOST = 50;
export const LONGEST = 12 * 60 * 60 * SECOND;
const SHOWN = ["known", "cards", "points", "membership", "progress", "redemptions", "suggested_reward", "meta"];

/**
 * What is known of where customers stand.
 *
 * At most one question is on its way; one for another customer takes its place.
 */
export class Standings extends Reactive {
  constructor(pos) {
    super();
    this.pos = pos;
    this.answers = new Map();
    this.asking = null;
    this.unanswered = null;
    this.expected = null;
    this.quietUntil = 0;
  }

  /** Is there anything to show in this database and company? */
  get isOffered() {
    return Boolean(this.pos.config._has_loyalty_standing);
  }

  /** The last standing known of a contact, or undefined. */
  last(partnerId) {
    const answer = this.answers.get(partnerId);
    return answer && ageOf(answer) <= LONGEST ? answer.standing : undefined;
  }

  /** Why the last question, if it was about this contact, was not answered. */
  trouble(partnerId) {
    return this.unanswered?.partnerId === partnerId ? this.unanswered.reason : undefined;
  }

  isAsking(partnerId) {
    return this.asking?.partnerId === partnerId;
  }

  /** A contact is the order's (or none): asks about it in a quiet moment. */
  expect(partnerId) {
    browser.clearTimeout(this.settling);
    this.expected = partnerId;
    if (this.asking && !this.isAsking(partnerId)) {
      this.cancel();
    }
    if (partnerId && this.isOffered) {
      this.settling = browser.setTimeout(() => whenIdle(() => this.prepare(partnerId)), SETTLE);
    }
  }

  /** Asks about the expected contact, unless that would disturb. */
  prepare(partnerId) {
    const isQuiet = Date.now() < this.quietUntil || this.pos.data.network.offline;
    if (this.expected === partnerId && !isQuiet) {
      this.renew(partnerId);
    }
  }

  /** Asks about a contact, unless the answer is fresh. */
  renew(partnerId) {
    const answer = this.answers.get(partnerId);
    if (!answer || ageOf(answer) > FRESH) {
      return this.ask(partnerId);
    }
  }

  /** Asks about a contact. Never fails: see `trouble`. */
  async ask(partnerId) {
    if (this.isAsking(partnerId)) {
      return;
    }
    this.cancel();
    const asking = markRaw({ partnerId, controller: new AbortController() });
    const timer = browser.setTimeout(() => asking.controller.abort(), TIMEOUT);
    this.asking = asking;
    this.unanswered = null;
    const params = { odoo_partner_id: partnerId, company_id: this.pos.company.id };
    try {
      const standing = await ask(params, asking.controller.signal);
      this.end(asking, () => this.remember(partnerId, standing));
    } catch (error) {
      this.end(asking, () => this.failed(partnerId, error.reason));
    } finally {
      browser.clearTimeout(timer);
    }
  }

  /** Gives up the question on its way. */
  cancel() {
    const asking = this.asking;
    this.asking = null;
    asking?.controller.abort();
  }

  /** A question ended; what becomes of one that was given up interests nobody. */
  end(asking, then) {
    if (this.asking === asking) {
      this.asking = null;
      then();
    }
  }

  remember(partnerId, standing) {
    this.unanswered = null;
    this.answers.delete(partnerId);
    const shown = Object.fromEntries(SHOWN.map((name) => [name, standing[name]]));
    this.answers.set(partnerId, markRaw({ standing: shown, at: Date.now() }));
    this.forget();
  }

  failed(partnerId, reason) {
    this.quietUntil = Date.now() + QUIET;
    if (reason === "refused") {
      // Whoever may not see it any more sees no remembered one either.
      this.answers.clear();
    }
    this.unanswered = { partnerId, reason };
  }

  /** Forgets what is too old and too much; the Map has the oldest first. */
  forget() {
    for (const [partnerId, answer] of [...this.answers]) {
      if (this.answers.size > MOST || ageOf(answer) > LONGEST) {
        this.answers.delete(partnerId);
      }
    }
  }
}

function ageOf(answer) {
  return Date.now() - answer.at;
}

function whenIdle(callback) {
  // Safari has none.
  if (window.requestIdleCallback) {
    window.requestIdleCallback(callback, { timeout: IDLE_AT_LAST });
  } else {
    callback();
  }
}

export const standingService = {
  dependencies: ["pos"],
  start: (_env, { pos }) => new Standings(pos),
};

registry.category("services").add("loyalty_reporting_standing", standingService);
