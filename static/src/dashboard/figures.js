import { _t } from "@web/core/l10n/translation";
import { formatFloat, formatInteger, formatMonetary, formatPercentage } from "@web/views/fields/formatters";
import { localization } from "@web/core/l10n/localization";

/**
 * The measures of the dashboard: what they are called, how they are written, and whether
 * more of it is better (1), worse (-1) or neither (0).
 */
export const MEASURES = {
  total_amount: { label: _t("Attributed sales"), unit: "money", good: 1 },
  total_discount: { label: _t("Discount"), unit: "money", good: 0 },
  total_transactions: { label: _t("Transactions"), unit: "count", good: 1 },
  unique_customers: { label: _t("Customers"), unit: "count", good: 1 },
  conversion_rate: { label: _t("Conversion"), unit: "ratio", good: 1 },
  discount_depth: { label: _t("Discount depth"), unit: "ratio", good: 0 },
  active_members: { label: _t("Active members"), unit: "count", good: 1 },
  new_members: { label: _t("New members"), unit: "count", good: 1 },
  upgraded_members: { label: _t("Upgraded"), unit: "count", good: 1 },
  downgraded_members: { label: _t("Downgraded"), unit: "count", good: -1 },
  members: { label: _t("Members"), unit: "count", good: 1 },
  total_spending: { label: _t("Members' spending"), unit: "money", good: 1 },
  points_earned: { label: _t("Points earned"), unit: "points", good: 1 },
  points_redeemed: { label: _t("Points redeemed"), unit: "points", good: 1 },
  points_expired: { label: _t("Points expired"), unit: "points", good: -1 },
  points_adjusted: { label: _t("Points adjusted"), unit: "points", good: 0 },
  balance: { label: _t("Points outstanding"), unit: "points", good: 0 },
};

const SMALLEST = 0.0005;
const _WRITERS = {
  money: (value, currencyId) => formatMonetary(value, { currencyId }),
  points: (value) => formatFloat(value, { digits: [16, 2], trailingZeros: false }),
  count: (value) => formatInteger(value),
  ratio: (value) => formatPercentage(value, { digits: [16, 1] }),
};

/** Write a value of a measure in the user's way; a dash where there is none. */
export function written(measure, value, currencyId) {
  if (value === null || value === undefined) {
    return "–";
  }
  return _WRITERS[MEASURES[measure].unit](value, currencyId);
}

/**
 * How a value changed against the one before: {text, sign}, sign −1, 0 or 1; null where
 * there is nothing to compare with. Ratios change by percentage points.
 */
export function change(measure, value, before) {
  if (value === null || before === null || before === undefined || value === undefined) {
    return null;
  }
  const difference = value - before;
  if (MEASURES[measure].unit === "ratio") {
    const points = formatFloat(Math.abs(difference) * 100, { digits: [16, 1] });
    return { text: _t("%s pp", points), sign: signOf(difference) };
  }
  if (!before && difference) {
    return { text: _t("new"), sign: Math.sign(difference) };
  }
  const share = before ? difference / Math.abs(before) : 0;
  return { text: percent(Math.abs(share)), sign: signOf(share) };
}

/** The direction of a change that is written with one digit of a percent: of 0.0 % none. */
function signOf(share) {
  return Math.abs(share) < SMALLEST ? 0 : Math.sign(share);
}

/** A number short enough for the axis of a chart. */
export function brief(measure, value) {
  if (MEASURES[measure].unit === "ratio") {
    return formatPercentage(value, { digits: [16, 0] });
  }
  return new Intl.NumberFormat(localization.code?.replace("_", "-"), {
    notation: "compact",
    maximumFractionDigits: 1,
  }).format(value);
}

function percent(value) {
  return formatPercentage(value, { digits: [16, 1] });
}
