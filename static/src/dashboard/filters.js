import { Component, useState } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { Dropdown } from "@web/core/dropdown/dropdown";
import { DropdownItem } from "@web/core/dropdown/dropdown_item";
import { DateTimeInput } from "@web/core/datetime/datetime_input";
import { MultiRecordSelector } from "@web/core/record_selectors/multi_record_selector";
import { LABELS, PERIODS } from "./periods";

const { DateTime } = luxon;

/** Period, programs and stores; each choice is told to `onChange` at once. */
export class Filters extends Component {
  static template = "loyalty_reporting.Filters";
  static components = { DateTimeInput, Dropdown, DropdownItem, MultiRecordSelector };
  static props = {
    filters: Object,
    answer: { type: [Object, { value: null }], optional: true },
    hasPromotions: Boolean,
    onChange: Function,
  };

  setup() {
    this.groups = PERIODS;
    this.texts = { programs: _t("All programs"), stores: _t("All stores") };
    this.state = useState({ from: null, to: null });
  }

  get periodLabel() {
    const { answer, filters } = this.props;
    const name = answer ? answer.period : filters.period;
    if (name) {
      return LABELS[name];
    }
    return answer ? _t("Chosen days") : _t("Period");
  }

  get days() {
    const { answer } = this.props;
    return {
      from: answer ? DateTime.fromISO(answer.date_from) : false,
      to: answer ? DateTime.fromISO(answer.date_to) : false,
    };
  }

  choose(period) {
    this.props.onChange({ period, date_from: undefined, date_to: undefined });
  }

  /** A day of a period of one's own; the other one follows where it would be on the wrong side. */
  chooseDay(side, day) {
    if (!day) {
      return;
    }
    let { from, to } = { ...this.days, [side]: day };
    if (from > to) {
      [from, to] = [day, day];
    }
    this.props.onChange({ period: undefined, date_from: from.toISODate(), date_to: to.toISODate() });
  }

  chooseRecords(name, ids) {
    this.props.onChange({ [name]: ids });
  }
}
