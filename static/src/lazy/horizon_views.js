import { registry } from "@web/core/registry";
import { GraphController } from "@web/views/graph/graph_controller";
import { GraphModel } from "@web/views/graph/graph_model";
import { graphView } from "@web/views/graph/graph_view";
import { PivotController } from "@web/views/pivot/pivot_controller";
import { PivotModel } from "@web/views/pivot/pivot_model";
import { pivotView } from "@web/views/pivot/pivot_view";
import { ofRows, underNotice } from "@loyalty_reporting/health/horizon_notice";

const views = registry.category("views");

views.add("loyalty_reporting_rows_pivot", {
  ...pivotView,
  Controller: ofRows(PivotController, "loyalty_reporting.RowsPivot"),
  Model: underNotice(PivotModel),
});
views.add("loyalty_reporting_rows_graph", {
  ...graphView,
  Controller: ofRows(GraphController, "loyalty_reporting.RowsGraph"),
  Model: underNotice(GraphModel),
});
