import { Component } from "@odoo/owl";
import { DropdownItem } from "@web/core/dropdown/dropdown_item";
import { registry } from "@web/core/registry";
import { STATIC_ACTIONS_GROUP_NUMBER } from "@web/search/action_menus/action_menus";

/** Models whose rows a report counts: the server's report/views.py names them, too. */
export const reportedModels = new Set([
  "promotion.order",
  "promotion.report.detail",
  "membership.analytics",
  "point.analytics",
]);

/** "Export workbook" in the cog menu: the wizard, filled in with what the view shows. */
export class ExportWorkbook extends Component {
  static template = "loyalty_reporting.ExportWorkbook";
  static components = { DropdownItem };
  static props = {};

  async onSelected() {
    const { searchModel, services } = this.env;
    const { context } = searchModel.getIrFilterValues();
    // Not by useService: the menu closes, and what a closed menu asked is never answered.
    const action = await services.orm.call("loyalty.reporting.export", "action_of_view", [
      searchModel.resModel,
      searchModel.domain,
      context,
      searchModel.groupBy,
    ]);
    return services.action.doAction(action);
  }
}

registry.category("cogMenu").add(
  "loyalty-reporting-export-workbook",
  {
    Component: ExportWorkbook,
    groupNumber: STATIC_ACTIONS_GROUP_NUMBER,
    isDisplayed: ({ config, searchModel }) =>
      ["pivot", "list", "graph"].includes(config.viewType) && reportedModels.has(searchModel?.resModel),
  },
  { sequence: 9 },
);
