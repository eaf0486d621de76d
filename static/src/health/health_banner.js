import { Component, onMounted, onWillUnmount, useState } from "@odoo/owl";
import { browser } from "@web/core/browser/browser";
import { useService } from "@web/core/utils/hooks";

// How often to look: what is late is so for minutes.
const PAUSE = 60000;

/**
 * What must be known of the figures' state, such as a source that cannot be read, with the
 * reason for those who can do something about it.
 *
 * It never stands in the way: while it is asked for, and if that fails, there is none.
 */
export class HealthBanner extends Component {
  static template = "loyalty_reporting.HealthBanner";
  static props = {
    companyId: { type: Number, optional: true },
    onLooked: { type: Function, optional: true },
  };
  static asked = "notices";

  setup() {
    this.orm = useService("orm");
    this.action = useService("action");
    this.state = useState({ notices: [] });
    onMounted(() => {
      this.look();
      this.timer = browser.setInterval(() => document.hidden || this.look(), PAUSE);
    });
    onWillUnmount(() => {
      browser.clearInterval(this.timer);
      this.isGone = true;
    });
  }

  /** What is told to the server with the question. */
  get about() {
    return [this.props.companyId || null];
  }

  async look() {
    try {
      const found = await this.orm.silent.call("loyalty.reporting.health", this.constructor.asked, this.about);
      if (!this.isGone && JSON.stringify(found) !== JSON.stringify(this.state.notices)) {
        this.state.notices = found;
        this.props.onLooked?.(found);
      }
    } catch {
      // The page itself says what is wrong.
    }
  }

  icon(level) {
    return { danger: "fa-exclamation-circle", warning: "fa-clock-o" }[level] || "fa-info-circle";
  }
}
