import { Component, onMounted, useState } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { Dialog } from "@web/core/dialog/dialog";
import { useChildRef, useService } from "@web/core/utils/hooks";
import { usePos } from "@point_of_sale/app/hooks/pos_hook";
import { points } from "./standing_format";
import { Sentences } from "./standing_sentences";

const TROUBLES = {
  away: _t("The server cannot be reached now. The sale can go on."),
  busy: _t("The server is asked too often now. Try again in a minute; the sale can go on."),
  fault: _t(
    "The server could not tell the standing. Try again; if it stays so, tell your administrator. The sale can go on.",
  ),
  refused: _t(
    "You may not see the standing of customers. Ask your administrator for the access rights of a user of the Point of Sale.",
  ),
  signed_out: _t("Your session has ended. Log in to Odoo again to see the standing; the sale can go on."),
};

/** Where a customer stands: level, points, what expires, redemptions, next reward. */
export class StandingPopup extends Component {
  static template = "loyalty_reporting.StandingPopup";
  static components = { Dialog };
  static props = { partnerId: Number, name: String, close: Function };

  setup() {
    this.pos = usePos();
    this.standings = useState(useService("loyalty_reporting_standing"));
    this.points = points;
    this.modalRef = useChildRef();
    onMounted(() => this.nameDialog());
    this.standings.renew(this.props.partnerId);
  }

  /** Odoo's dialog has no name for those who hear it. */
  nameDialog() {
    this.modalRef.el.setAttribute("aria-label", this.title);
    this.modalRef.el.setAttribute("aria-modal", "true");
  }

  get title() {
    return _t("Loyalty standing of %s", this.props.name);
  }

  get standing() {
    return this.standings.last(this.props.partnerId);
  }

  get said() {
    return new Sentences(this.standing, this.pos.models["res.currency"].getAll());
  }

  get isAsking() {
    return this.standings.isAsking(this.props.partnerId);
  }

  /** A sentence that says why there is nothing newer, if there was to be. */
  get trouble() {
    const reason = this.standings.trouble(this.props.partnerId);
    return reason && (TROUBLES[reason] || TROUBLES.fault);
  }

  again() {
    return this.standings.ask(this.props.partnerId);
  }
}
