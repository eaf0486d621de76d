import { _t } from "@web/core/l10n/translation";

/** Family of reports → its records in Odoo, and how its measures are called there. */
const RECORDS = {
  promotions: {
    model: "promotion.order",
    name: _t("Promotion Performance"),
    rows: ["program_key"],
    measures: { total_amount: "amount", total_discount: "discount" },
  },
  membership: {
    model: "membership.analytics",
    name: _t("Membership Analytics"),
    rows: ["membership_level"],
    measures: {},
  },
  points: {
    model: "point.analytics",
    name: _t("Point Transactions"),
    rows: ["program_key"],
    measures: {},
  },
};

/**
 * The action that opens the records behind a figure: the same company, days and filters,
 * so that the pivot's total is the figure.
 *
 * @param {string} family promotions, membership or points
 * @param {object} answer the dashboard's
 * @param {string} measure that was chosen
 * @param {object} [more] days or a domain of the bar that was chosen
 */
export function recordsAction(family, answer, measure, more = {}) {
  const { model, name, rows, measures } = RECORDS[family];
  const { date_from = answer.date_from, date_to = answer.date_to, domain = [], title } = more;
  const days = [
    ["company_id", "=", answer.company_id],
    ["date", ">=", date_from],
    ["date", "<=", date_to],
  ];
  return {
    type: "ir.actions.act_window",
    name: title ? `${name}: ${title}` : name,
    res_model: model,
    views: [
      [false, "pivot"],
      [false, "graph"],
      [false, "list"],
      [false, "form"],
    ],
    domain: [...days, ..._filters(family, answer), ...domain],
    context: {
      pivot_measures: [measures[measure] || measure],
      pivot_row_groupby: rows,
      graph_measure: measures[measure] || measure,
    },
  };
}

function _filters(family, answer) {
  if (family !== "promotions") {
    return [];
  }
  const filters = [];
  if (answer.programs.length) {
    filters.push(["program_key.external_id", "in", answer.programs]);
  }
  if (answer.stores.length) {
    filters.push(["shop_key.external_id", "in", answer.stores]);
  }
  return filters;
}
