import { patch } from "@web/core/utils/patch";
import { useService } from "@web/core/utils/hooks";
import { ControlButtons } from "@point_of_sale/app/screens/product_screen/control_buttons/control_buttons";
import { StandingButton } from "./standing_button";

patch(ControlButtons, {
  components: { ...ControlButtons.components, StandingButton },
});

patch(ControlButtons.prototype, {
  setup() {
    super.setup(...arguments);
    this.standings = useService("loyalty_reporting_standing");
  },
});
