import { Component, useState } from "@odoo/owl";
import { useService } from "@web/core/utils/hooks";
import { StandingPopup } from "./standing_popup";

/** Opens the standing of the order's customer; shows the level once it is known. */
export class StandingButton extends Component {
  static template = "loyalty_reporting.StandingButton";
  static props = {
    partner: { type: [Object, { value: undefined }, { value: null }, { value: false }], optional: true },
    class: { type: String, optional: true },
    isLabelled: { type: Boolean, optional: true },
  };

  setup() {
    this.dialog = useService("dialog");
    this.standings = useState(useService("loyalty_reporting_standing"));
  }

  get level() {
    const { partner } = this.props;
    return partner && this.standings.last(partner.id)?.membership?.membership_level;
  }

  open() {
    const { id, name } = this.props.partner;
    this.dialog.add(StandingPopup, { partnerId: id, name: name || "" });
  }
}
