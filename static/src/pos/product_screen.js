import { onWillUnmount, useEffect } from "@odoo/owl";
import { patch } from "@web/core/utils/patch";
import { useService } from "@web/core/utils/hooks";
import { ProductScreen } from "@point_of_sale/app/screens/product_screen/product_screen";

patch(ProductScreen.prototype, {
  setup() {
    super.setup(...arguments);
    const standings = useService("loyalty_reporting_standing");
    useEffect(
      (partnerId) => standings.expect(partnerId),
      () => [this.currentOrder?.getPartner()?.id],
    );
    // While it is paid, nothing is asked.
    onWillUnmount(() => standings.expect());
  },
});
