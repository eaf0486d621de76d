import { Component, onMounted, onWillStart, onWillUnmount, useState } from "@odoo/owl";
import { loadBundle } from "@web/core/assets";
import { _t } from "@web/core/l10n/translation";
import { deserializeDateTime, formatDateTime } from "@web/core/l10n/dates";
import { registry } from "@web/core/registry";
import { user } from "@web/core/user";
import { useService } from "@web/core/utils/hooks";
import { Layout } from "@web/search/layout";
import { standardActionServiceProps } from "@web/webclient/actions/action_service";
import { HealthBanner } from "../health/health_banner";
import { DemoNote } from "../onboarding/demo_note";
import { Onboarding } from "../onboarding/onboarding";
import { buckets, dayName } from "./buckets";
import { Card } from "./card";
import { DashboardModel } from "./dashboard_model";
import { change, MEASURES } from "./figures";
import { Filters } from "./filters";
import { LeftOut } from "./left_out";
import { recordsAction } from "./records";
import { LABELS } from "./periods";
import { Tile } from "./tile";

const TILES = {
  promotions: [
    "total_amount",
    "total_discount",
    "total_transactions",
    "unique_customers",
    "conversion_rate",
    "discount_depth",
  ],
  membership: ["members", "active_members", "new_members", "upgraded_members", "downgraded_members", "total_spending"],
  points: ["balance", "points_earned", "points_redeemed", "points_expired", "points_adjusted"],
};
const OVER_TIME = ["total_amount", "total_discount", "total_transactions", "unique_customers"];
const LEVELS = ["active_members", "new_members", "upgraded_members", "downgraded_members"];

/** What the loyalty manager opens every morning: promotions, members and points, live. */
export class LoyaltyDashboard extends Component {
  static template = "loyalty_reporting.Dashboard";
  static components = { Card, DemoNote, Filters, HealthBanner, Layout, LeftOut, Onboarding, Tile };
  static props = { ...standardActionServiceProps };
  static path = "loyalty-dashboard";
  static displayName = _t("Loyalty Dashboard");

  setup() {
    this.action = useService("action");
    this.display = { controlPanel: {} };
    this.measures = OVER_TIME.map((name) => [name, MEASURES[name].label]);
    this.filters = useState({ ...fromUrl(this.props), company_id: user.activeCompany.id });
    this.model = new DashboardModel(useService("bus_service"), this.asked);
    this.state = useState(this.model.state);
    onWillStart(() => {
      this.model.load();
      // Asked for together with the figures: charts are drawn at once.
      return loadBundle("web.chartjs_lib");
    });
    onMounted(() => this.model.start());
    onWillUnmount(() => this.model.stop());
  }

  // ---------------------------------------------------------------- what is asked

  get asked() {
    const { period, date_from, date_to, programs, stores, company_id } = this.filters;
    const days = period ? { period } : date_from ? { date_from, date_to } : {};
    return { ...days, programs, stores, company_id };
  }

  onFilters(changed) {
    Object.assign(this.filters, changed);
    this.props.updateActionState(toUrl(this.filters));
    this.model.load(this.asked);
  }

  onMeasure(measure) {
    this.filters.measure = measure;
    this.props.updateActionState(toUrl(this.filters));
  }

  showLastDays() {
    const { last_day: last } = this.answer;
    const first = luxon.DateTime.fromISO(last).minus({ days: 29 }).toISODate();
    this.onFilters({ period: undefined, date_from: first, date_to: last });
  }

  /** The days asked for that are here as a whole; where none is, as many from the first one on. */
  showSince(since) {
    const { date_from, date_to } = this.answer;
    const { DateTime } = luxon;
    const asked = DateTime.fromISO(date_to).diff(DateTime.fromISO(date_from));
    const last = date_to < since ? DateTime.fromISO(since).plus(asked).toISODate() : date_to;
    this.onFilters({ period: undefined, date_from: since, date_to: last });
  }

  // ---------------------------------------------------------------- what is shown

  get answer() {
    return this.state.answer;
  }

  get hasPromotions() {
    return !this.answer || "programs" in this.answer.panels;
  }

  get asOf() {
    const panels = Object.values(this.answer.panels).filter((panel) => panel.meta);
    const instants = panels.map((panel) => panel.meta.data_as_of).filter(Boolean);
    const oldest = instants.sort()[0];
    return oldest ? formatDateTime(deserializeDateTime(oldest.slice(0, 19).replace("T", " "))) : "";
  }

  /** The period that a family's tiles are compared with; empty where none of them is. */
  comparedWith(panel, tiles) {
    const { totals, meta } = this.panel(panel);
    if (!tiles.some((name) => change(name, totals[name], totals[`previous_${name}`]))) {
      return "";
    }
    const { date_from, date_to } = meta.compared_with;
    return _t("compared with %(from)s – %(to)s", { from: dayName(date_from), to: dayName(date_to) });
  }

  get isEmpty() {
    return !this.answer.last_day;
  }

  get isOutside() {
    const { last_day, first_day, date_from, date_to } = this.answer;
    return last_day && (date_from > last_day || date_to < first_day);
  }

  get lastDay() {
    return dayName(this.answer.last_day);
  }

  get sections() {
    const shown = { promotions: "programs", membership: "levels", points: "points" };
    const titles = { promotions: _t("Promotions"), membership: _t("Membership"), points: _t("Points") };
    return Object.entries(shown)
      .filter(([_family, panel]) => panel in this.answer.panels)
      .map(([family, panel]) => {
        const { error, totals = {} } = this.panel(panel);
        const tiles = TILES[family].filter((name) => name in totals);
        return {
          family,
          title: titles[family],
          error,
          leftOut: this.answer.left_out[panel],
          totals,
          tiles,
          comparedWith: this.comparedWith(panel, tiles),
          note: family !== "promotions" && this.isFiltered ? _t("all programs and stores") : "",
          cards: this[`${family}Cards`],
        };
      });
  }

  get isFiltered() {
    return this.answer.programs.length || this.answer.stores.length;
  }

  get chosen() {
    return OVER_TIME.includes(this.filters.measure) ? this.filters.measure : OVER_TIME[0];
  }

  get promotionsCards() {
    const rows = this.rows("programs");
    const over = this.overTime("promotions_over_time", [{ measure: this.chosen }]);
    const measure = "total_amount";
    return [
      { ...over, title: _t("Promotions over time"), family: "promotions", hasMeasures: true },
      {
        name: "programs",
        family: "promotions",
        title: _t("Top programs"),
        head: _t("Program"),
        error: this.panel("programs").error,
        isHorizontal: true,
        names: rows.map((row) => row.program_name),
        leftOut: this.leftOut("programs", [measure]),
        series: this.told("programs", [measure, "total_discount"]).map((name) => this.series(name, rows)),
        columns: this.told("programs", [
          "total_transactions",
          "unique_customers",
          "conversion_rate",
          "discount_depth",
        ]).map((name) => this.series(name, rows)),
        more: rows.map((row) => ({
          title: row.program_name,
          domain: [["program_key.external_id", "=", row.program_id]],
        })),
      },
    ];
  }

  get membershipCards() {
    const rows = this.rows("levels");
    const moves = this.told("levels", LEVELS);
    // Of archived days it is known how many held each level, not who.
    const shown = moves.length ? moves : ["members"];
    return [
      {
        name: "levels",
        family: "membership",
        title: _t("Members by level"),
        head: _t("Level"),
        error: this.panel("levels").error,
        names: rows.map((row) => row.membership_level),
        series: shown.map((name) => this.series(name, rows)),
        columns: ["members", "total_spending"]
          .filter((name) => !shown.includes(name))
          .map((name) => this.series(name, rows)),
        more: rows.map((row) => ({
          title: row.membership_level,
          domain: [["membership_level", "=", row.membership_level]],
        })),
      },
      {
        ...this.overTime("membership_over_time", [
          { measure: "active_members" },
          { measure: "new_members", kind: "line" },
        ]),
        title: _t("Active and new members over time"),
        family: "membership",
      },
    ];
  }

  get pointsCards() {
    const series = [{ measure: "points_earned" }, { measure: "points_redeemed" }, { measure: "points_expired" }];
    if ("balance" in (this.panel("points").totals || {})) {
      series.push({ measure: "balance", kind: "line", axis: "y2" });
    }
    return [
      {
        ...this.overTime("points_over_time", series),
        title: _t("Points over time"),
        family: "points",
        isWide: true,
      },
    ];
  }

  panel(name) {
    return this.answer.panels[name] || {};
  }

  rows(name) {
    return this.panel(name).data || [];
  }

  /** Those of some measures that a panel tells. */
  told(name, measures) {
    const { measures: leftOut = [] } = this.answer.left_out[name] || {};
    return measures.filter((measure) => !leftOut.includes(measure));
  }

  /** What a card says instead of a chart, where none of its measures is told. */
  leftOut(name, measures) {
    return this.told(name, measures).length ? undefined : { ...this.answer.left_out[name], measures };
  }

  series(measure, rows, more = {}) {
    return {
      label: MEASURES[measure].label,
      measure,
      values: rows.map((row) => row?.[measure] ?? null),
      ...more,
    };
  }

  overTime(name, series) {
    const byDate = Object.fromEntries(this.rows(name).map((row) => [row.date, row]));
    const found = buckets(this.answer);
    const rows = found.map((bucket) => byDate[bucket.date]);
    return {
      name,
      error: this.panel(name).error,
      leftOut: this.leftOut(
        name,
        series.map(({ measure }) => measure),
      ),
      head: { day: _t("Day"), week: _t("Week from"), month: _t("Month") }[this.answer.group_by],
      names: found.map((bucket) => bucket.name),
      series: series.map(({ measure, ...more }) => this.series(measure, rows, more)),
      more: found.map((bucket) => ({ title: bucket.name, date_from: bucket.from, date_to: bucket.to })),
    };
  }

  get periodText() {
    const { period, date_from, date_to } = this.answer;
    const days = `${dayName(date_from)} – ${dayName(date_to)}`;
    return period ? `${LABELS[period]}: ${days}` : days;
  }

  // ---------------------------------------------------------------- what it opens

  open(family, measure, more) {
    this.action.doAction(recordsAction(family, this.answer, measure, more));
  }
}

const NUMBERS = /^\d+(-\d+)*$/;

/** The filters of an address: the page can be kept, sent and opened again. */
function fromUrl(props) {
  const given = { ...props.action.params, ...props.action.context?.params };
  const ids = (text) => (NUMBERS.test(`${text ?? ""}`) ? `${text}`.split("-").map(Number) : []);
  return {
    period: given.period in LABELS ? given.period : undefined,
    date_from: given.date_from,
    date_to: given.date_to,
    programs: ids(given.programs),
    stores: ids(given.stores),
    measure: given.measure,
  };
}

function toUrl({ period, date_from, date_to, programs, stores, measure }) {
  const joined = (ids) => ids.join("-") || undefined;
  return { period, date_from, date_to, programs: joined(programs), stores: joined(stores), measure };
}

registry.category("actions").add("loyalty_reporting.dashboard", LoyaltyDashboard);
