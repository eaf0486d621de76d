import { _t } from "@web/core/l10n/translation";

/** The periods that the server knows by a word (core/queries/periods.py), in groups. */
export const PERIODS = [
  [
    ["today", _t("Today")],
    ["yesterday", _t("Yesterday")],
    ["last_7_days", _t("Last 7 days")],
    ["last_30_days", _t("Last 30 days")],
    ["last_90_days", _t("Last 90 days")],
    ["last_365_days", _t("Last 365 days")],
  ],
  [
    ["this_week", _t("This week")],
    ["last_week", _t("Last week")],
    ["this_month", _t("This month")],
    ["last_month", _t("Last month")],
    ["this_quarter", _t("This quarter")],
    ["last_quarter", _t("Last quarter")],
    ["this_year", _t("This year")],
    ["last_year", _t("Last year")],
  ],
];

export const LABELS = Object.fromEntries(PERIODS.flat());
