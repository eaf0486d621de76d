import { Component } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { change, MEASURES, written } from "./figures";

/** A figure, its change against the period before, and the way to the records behind it. */
export class Tile extends Component {
  static template = "loyalty_reporting.Tile";
  static props = {
    measure: String,
    totals: Object,
    definition: { type: String, optional: true },
    currencyId: { type: Number, optional: true },
    onOpen: Function,
  };

  get label() {
    return MEASURES[this.props.measure].label;
  }

  get value() {
    return written(this.props.measure, this.before.value, this.props.currencyId);
  }

  get before() {
    const { measure, totals } = this.props;
    return { value: totals[measure], before: totals[`previous_${measure}`] };
  }

  get change() {
    const { value, before } = this.before;
    const found = change(this.props.measure, value, before);
    if (!found) {
      return null;
    }
    const good = MEASURES[this.props.measure].good * found.sign;
    return {
      ...found,
      icon: { "-1": "fa-long-arrow-down", 0: "fa-arrows-h", 1: "fa-long-arrow-up" }[found.sign],
      words: { "-1": _t("less than before"), 0: _t("as before"), 1: _t("more than before") }[found.sign],
      tone: { "-1": "o_loyalty_worse", 0: "o_loyalty_muted", 1: "o_loyalty_better" }[good],
    };
  }

  get beforeText() {
    return written(this.props.measure, this.before.before, this.props.currencyId);
  }
}
