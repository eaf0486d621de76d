import { markup, useState } from "@odoo/owl";
import { registry } from "@web/core/registry";
import { ListController } from "@web/views/list/list_controller";
import { listView } from "@web/views/list/list_view";
import { HealthBanner } from "./health_banner";

/** What is said above single rows while some of them are archived. */
export class HorizonNotice extends HealthBanner {
  static props = { ...HealthBanner.props, model: String };
  static asked = "horizon";

  get about() {
    return [...super.about, this.props.model];
  }
}

/** A model of a view that has this notice: the server may leave out what is archived. */
export function underNotice(Model) {
  return class extends Model {
    load(params) {
      return super.load({ ...params, context: { ...params.context, loyalty_reporting_horizon_shown: true } });
    }
  };
}

/**
 * A controller of a view of rows that may be archived: above them stands since when they
 * are here, and where nothing is found, that is said too.
 */
export function ofRows(Controller, template) {
  return class extends Controller {
    static template = template;
    static components = { ...Controller.components, HorizonNotice };

    setup() {
      super.setup(...arguments);
      this.horizon = useState({ notice: null });
    }

    onLooked([notice = null]) {
      this.horizon.notice = notice;
    }

    get noContentHelp() {
      const { notice } = this.horizon;
      const help = this.props.info.noContentHelp;
      return notice
        ? markup`<p class="o_view_nocontent_empty_folder">${notice.message}</p><p>${notice.reason}</p>`
        : help;
    }
  };
}

registry.category("views").add("loyalty_reporting_rows_list", {
  ...listView,
  Controller: ofRows(ListController, "loyalty_reporting.RowsList"),
});
