import { Component } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { user } from "@web/core/user";
import { Layout } from "@web/search/layout";
import { standardActionServiceProps } from "@web/webclient/actions/action_service";
import { Onboarding } from "./onboarding";

/** The first steps as a page of their own, also once there are figures. */
export class OnboardingAction extends Component {
  static template = "loyalty_reporting.OnboardingAction";
  static components = { Layout, Onboarding };
  static props = { ...standardActionServiceProps };
  static path = "loyalty-first-steps";
  static displayName = _t("First Steps");

  setup() {
    this.display = { controlPanel: {} };
    this.companyId = user.activeCompany.id;
  }
}

registry.category("actions").add("loyalty_reporting.onboarding", OnboardingAction);
