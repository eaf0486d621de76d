import { localization } from "@web/core/l10n/localization";

const { DateTime } = luxon;
const _UNITS = { day: { days: 1 }, week: { weeks: 1 }, month: { months: 1 } };

/** The buckets of a period, also those without facts: {date, from, to, name}. */
export function buckets(answer) {
  const { group_by: grain } = answer;
  const last = DateTime.fromISO(answer.date_to);
  const first = DateTime.fromISO(answer.date_from);
  const found = [];
  // Luxon's weeks begin on Monday, as the reports' do.
  for (let begin = first.startOf(grain); begin <= last; begin = begin.plus(_UNITS[grain])) {
    const end = begin.plus(_UNITS[grain]).minus({ days: 1 });
    found.push({
      date: begin.toISODate(),
      from: DateTime.max(begin, first).toISODate(),
      to: DateTime.min(end, last).toISODate(),
      name: _name(begin, grain),
    });
  }
  return found;
}

/** A day as the user writes it. */
export function dayName(day) {
  return DateTime.fromISO(day).toFormat(localization.dateFormat);
}

function _name(begin, grain) {
  const options = grain === "month" ? { month: "short", year: "numeric" } : { day: "numeric", month: "short" };
  return begin.toLocaleString(options);
}
