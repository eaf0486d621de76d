/** Numbers and dates of a standing, as the user's language writes them. */

import { formatDate, formatDateTime } from "@web/core/l10n/dates";
import { localization } from "@web/core/l10n/localization";
import { nbsp } from "@web/core/utils/strings";
import { insertThousandsSep } from "@web/core/utils/numbers";

const { DateTime } = luxon;

/**
 * Writes a decimal with all its digits, which `formatFloat` does not where there are many.
 *
 * @param {number|string} value
 */
export function decimal(value) {
  const [whole, part] = String(value).split(".");
  const grouped = insertThousandsSep(whole, localization.thousandsSep, localization.grouping);
  return part ? grouped + localization.decimalPoint + part : grouped;
}

/** Writes points, without superfluous zeros. */
export function points(value) {
  const text = String(value);
  return decimal(text.includes(".") ? text.replace(/\.?0+$/, "") : text);
}

/**
 * Writes an amount with all its digits, and at least those of its currency.
 *
 * @param {Object} [currency] a `res.currency`
 * @param {string} code of the currency, where the till does not know it
 */
export function money(value, currency, code) {
  const [whole, part = ""] = String(value).split(".");
  const digits = part.padEnd(currency?.decimal_places || 0, "0");
  const amount = decimal(digits ? `${whole}.${digits}` : whole);
  const parts = [currency?.symbol || code, amount];
  return (currency?.position === "after" ? parts.reverse() : parts).join(nbsp);
}

/** Writes a business day. */
export function day(text) {
  return formatDate(DateTime.fromISO(text));
}

/** Writes the month that begins on a day. */
export function month(text) {
  return DateTime.fromISO(text).toLocaleString({ month: "long", year: "numeric" });
}

/** Writes an instant, in the user's time zone. */
export function instant(text) {
  return formatDateTime(DateTime.fromISO(text));
}
