import { _t } from "@web/core/l10n/translation";
import * as format from "./standing_format";

// So many are listed at most.
const REDEMPTIONS = 5;

/** What the popup says of a standing, in the user's language. */
export class Sentences {
  /**
   * @param {Object} standing the answer of the server; its decimals may be texts
   * @param {Object[]} currencies that the till knows
   */
  constructor(standing, currencies) {
    this.standing = standing;
    this.code = standing.meta.currency;
    this.currency = currencies.find(({ name }) => name === this.code);
  }

  get since() {
    return _t("since %s", format.day(this.standing.membership.since_date));
  }

  /** How far it is to the next level, in whole percent: 100 only if it is all there. */
  get percent() {
    return Math.floor(Number(this.standing.progress.progress) * 100);
  }

  /** What was spent of what the next level asks for; not known where archived months are cut. */
  get spent() {
    const { spend, threshold, days } = this.standing.progress;
    if (spend === null) {
      return _t("What was spent in the last %(days)s days is not known: some of it is archived.", { days });
    }
    const values = { spend: this.money(spend), threshold: this.money(threshold || 0), days };
    return threshold === null
      ? _t("%(spend)s spent in the last %(days)s days.", values)
      : _t("%(spend)s of %(threshold)s spent in the last %(days)s days.", values);
  }

  /** What is missing to the next level. */
  get missing() {
    const { next_level, missing } = this.standing.progress;
    if (!next_level) {
      return this.standing.membership ? _t("There is no higher level.") : "";
    }
    const values = { level: next_level.membership_level, missing: this.money(missing || 0) };
    if (missing === null) {
      return _t("Next level: %(level)s.", values);
    }
    return isSome(missing) ? _t("%(missing)s to %(level)s.", values) : _t("Enough for %(level)s.", values);
  }

  card({ card_id, program_name }) {
    const values = { number: card_id, program: program_name };
    return program_name ? _t("%(program)s, card %(number)s", values) : _t("Card %(number)s", values);
  }

  /** What of some points expires soon: one sentence, another if it is more later. */
  expiring({ expiring_30_days: soon, expiring_90_days: later }) {
    return [
      isSome(soon) && _t("%s expire within 30 days", format.points(soon)),
      Number(later) > Number(soon) && _t("%s expire within 90 days", format.points(later)),
    ].filter(Boolean);
  }

  /** What expires in a month; of a month that is over, the engine has not booked it yet. */
  month({ month, points }) {
    const values = { month: format.month(month), points: format.points(points) };
    return month.slice(0, 7) < this.standing.meta.date.slice(0, 7)
      ? _t("%(month)s (due): %(points)s", values)
      : _t("%(month)s: %(points)s", values);
  }

  /** Can the suggested reward be had now, or what is missing? */
  get reward() {
    const { points_missing, required_points } = this.standing.suggested_reward;
    return isSome(points_missing)
      ? _t("Points missing: %s.", format.points(points_missing))
      : _t("Can be had now, for %s points.", format.points(required_points));
  }

  /** Since when redemptions are listed, where older ones might be among the last. */
  get listedSince() {
    const { redemptions, meta } = this.standing;
    return meta.listed_since && redemptions.length < REDEMPTIONS
      ? _t("Redemptions before %s are archived.", format.day(meta.listed_since))
      : "";
  }

  redemption({ date, program_name }) {
    return [format.day(date), program_name].filter(Boolean).join(" · ");
  }

  /** What was spent in a redemption, and given back of it. */
  redeemed({ points, points_reversed }) {
    const values = { points: format.points(points), back: format.points(points_reversed) };
    return isSome(points_reversed)
      ? _t("%(points)s points, %(back)s given back", values)
      : _t("%(points)s points", values);
  }

  get asOf() {
    const { as_of, data_as_of } = this.standing.meta;
    const values = { asked: format.instant(as_of), read: data_as_of && format.instant(data_as_of) };
    return data_as_of ? _t("As of %(asked)s, from data read at %(read)s.", values) : _t("As of %(asked)s.", values);
  }

  money(value) {
    return format.money(value, this.currency, this.code);
  }
}

function isSome(value) {
  return Number(value) > 0;
}
