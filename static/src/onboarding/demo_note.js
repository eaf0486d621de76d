import { Component, onWillStart } from "@odoo/owl";
import { user } from "@web/core/user";
import { useService } from "@web/core/utils/hooks";

/** Says that figures are the demo's, and leads managers to the first steps. */
export class DemoNote extends Component {
  static template = "loyalty_reporting.DemoNote";
  static props = {};

  setup() {
    this.action = useService("action");
    onWillStart(async () => {
      this.isManager = await user.hasGroup("loyalty_reporting.group_loyalty_reporting_manager");
    });
  }

  open() {
    return this.action.doAction("loyalty_reporting.loyalty_reporting_onboarding_action");
  }
}
