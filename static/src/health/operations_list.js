import { registry } from "@web/core/registry";
import { ListController } from "@web/views/list/list_controller";
import { listView } from "@web/views/list/list_view";
import { HealthBanner } from "./health_banner";

/** A list of operators: above its lines stands what is not as it should be. */
class OperationsListController extends ListController {
  static template = "loyalty_reporting.OperationsList";
  static components = { ...ListController.components, HealthBanner };
}

registry.category("views").add("loyalty_reporting_operations_list", {
  ...listView,
  Controller: OperationsListController,
});
