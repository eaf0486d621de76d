import { Component } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { formatList } from "@web/core/l10n/utils";
import { dayName } from "./buckets";
import { MEASURES } from "./figures";

/** What of a period is archived but for sums by day, and the way to the days that are here. */
export class LeftOut extends Component {
  static template = "loyalty_reporting.LeftOut";
  static props = { measures: Array, since: String, onShow: Function };

  get message() {
    const names = formatList(this.props.measures.map((name) => MEASURES[name].label));
    return _t("Archived in part of this period: %(names)s.", { names });
  }

  get action() {
    return _t("Show from %(day)s on", { day: dayName(this.props.since) });
  }
}
