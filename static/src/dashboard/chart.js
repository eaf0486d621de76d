import { Component, onWillUnmount, useEffect, useRef } from "@odoo/owl";
import { cookie } from "@web/core/browser/cookie";
import { getColor, hexToRGBA } from "@web/core/colors/colors";
import { brief, written } from "./figures";

/**
 * A chart of buckets or groups, drawn by Odoo's own Chart.js, which the page has loaded. New
 * figures move into the chart that is there.
 *
 * Series: {label, measure, values, kind: "bar" or "line", stack}. `onOpen(index, series)` is called for the bar
 * that was clicked; the table beside it does the same for the keyboard.
 */
export class Chart extends Component {
  static template = "loyalty_reporting.Chart";
  static props = {
    label: String,
    names: Array,
    series: Array,
    currencyId: { type: Number, optional: true },
    isHorizontal: { type: Boolean, optional: true },
    isStacked: { type: Boolean, optional: true },
    onOpen: Function,
  };

  setup() {
    this.canvas = useRef("canvas");
    useEffect(
      () => this.draw(),
      () => [JSON.stringify([this.props.names, this.props.series])],
    );
    onWillUnmount(() => this.chart?.destroy());
  }

  draw() {
    const data = { labels: this.props.names, datasets: this.datasets };
    if (this.chart && this.chart.data.datasets.length === data.datasets.length) {
      this.chart.data.labels = data.labels;
      data.datasets.forEach((set, place) => Object.assign(this.chart.data.datasets[place], set));
      this.chart.update();
      return;
    }
    this.chart?.destroy();
    this.chart = new window.Chart(this.canvas.el, {
      type: "bar",
      data,
      options: this.options,
    });
  }

  get scheme() {
    return cookie.get("color_scheme") === "dark" ? "dark" : "bright";
  }

  get datasets() {
    const count = Math.max(this.props.series.length, 3);
    return this.props.series.map((series, place) => {
      const color = getColor(place, this.scheme, count);
      const isLine = series.kind === "line";
      return {
        type: isLine ? "line" : "bar",
        label: series.label,
        data: series.values,
        yAxisID: this.props.isHorizontal ? undefined : series.axis || "y",
        backgroundColor: isLine ? hexToRGBA(color, 0.15) : color,
        borderColor: color,
        borderWidth: isLine ? 2 : 0,
        borderRadius: isLine ? 0 : 3,
        maxBarThickness: 36,
        pointRadius: this.props.names.length > 40 ? 0 : 2,
        pointHitRadius: 8,
        tension: 0.2,
        spanGaps: true,
        order: isLine ? 0 : 1,
      };
    });
  }

  get options() {
    const { isHorizontal, isStacked } = this.props;
    const text = getComputedStyle(this.canvas.el).color;
    const grid = hexToRGBA(this.scheme === "dark" ? "#ffffff" : "#000000", 0.08);
    const value = this._axis(text, grid);
    const names = {
      stacked: isStacked,
      ticks: { color: text, autoSkip: !isHorizontal, maxRotation: 0, autoSkipPadding: 12 },
      grid: { display: false },
    };
    const second = this.props.series.some((series) => series.axis === "y2");
    const scales = isHorizontal ? { x: value, y: names } : { x: names, y: value };
    if (second) {
      scales.y2 = { ...this._axis(text, grid), position: "right", grid: { display: false } };
    }
    return {
      indexAxis: isHorizontal ? "y" : "x",
      responsive: true,
      maintainAspectRatio: false,
      animation: { duration: 250 },
      interaction: { mode: "index", intersect: false, axis: isHorizontal ? "y" : "x" },
      onClick: (_event, hits) =>
        hits.length && this.props.onOpen(hits[0].index, this.props.series[hits[0].datasetIndex]),
      onHover: (event, hits) => {
        event.native.target.style.cursor = hits.length ? "pointer" : "default";
      },
      plugins: {
        legend: {
          display: this.props.series.length > 1,
          position: "bottom",
          labels: { color: text, usePointStyle: true, boxHeight: 7 },
        },
        tooltip: {
          callbacks: {
            label: (item) => ` ${item.dataset.label}: ${this._written(item)}`,
          },
        },
      },
      scales,
    };
  }

  _axis(text, grid) {
    const measure = () => this.props.series[0].measure;
    return {
      stacked: this.props.isStacked,
      beginAtZero: true,
      ticks: { color: text, maxTicksLimit: 6, callback: (value) => brief(measure(), value) },
      grid: { color: grid },
      border: { display: false },
    };
  }

  _written(item) {
    const series = this.props.series[item.datasetIndex];
    return written(series.measure, series.values[item.dataIndex], this.props.currencyId);
  }
}
