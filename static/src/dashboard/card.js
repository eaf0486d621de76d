import { Component, useState } from "@odoo/owl";
import { written } from "./figures";
import { Chart } from "./chart";
import { LeftOut } from "./left_out";

/** A chart with its title, and the same figures as a table: for the keyboard, for reading aloud, and to the digit. */
export class Card extends Component {
  static template = "loyalty_reporting.Card";
  static components = { Chart, LeftOut };
  static props = {
    name: String,
    title: String,
    error: { type: String, optional: true },
    leftOut: { type: Object, optional: true },
    head: String,
    names: Array,
    series: Array,
    currencyId: { type: Number, optional: true },
    isHorizontal: { type: Boolean, optional: true },
    isStacked: { type: Boolean, optional: true },
    columns: { type: Array, optional: true },
    onOpen: Function,
    onShowSince: Function,
    slots: { type: Object, optional: true },
  };

  setup() {
    this.state = useState({ isTable: false });
  }

  get isEmpty() {
    return !this.props.series.some((series) => series.values.some((value) => value));
  }

  /** The series, and what only the table has room for. */
  get columns() {
    return [...this.props.series, ...(this.props.columns || [])];
  }

  written(column, index) {
    return written(column.measure, column.values[index], this.props.currencyId);
  }

  toggle() {
    this.state.isTable = !this.state.isTable;
  }
}
