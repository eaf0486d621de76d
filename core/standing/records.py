"""The standing of a customer. Field names are those of the answer."""

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal


@dataclass(frozen=True)
class Customer:
    """A customer of a source.

    :param key: ours
    :param partner_id: the source's own number
    :param odoo_partner_id: the contact that it is linked to, if any
    """

    key: int
    source: str
    partner_id: int
    odoo_partner_id: int | None


@dataclass(frozen=True)
class Clock:
    """The instant (UTC) that an answer is about.

    :param day: its business day
    :param data_as_of: up to when the sources are read, or None
    :param known_since: while months are archived, the first business day about which
        can be asked
    :param listed_since: the first business day whose single rows are all here; None: all
        are
    :param daily_since: the first business day since when spend is known by the day, before
        by the month; None: all is
    """

    as_of: datetime
    day: date
    data_as_of: datetime | None
    known_since: date | None = None
    listed_since: date | None = None
    daily_since: date | None = None


@dataclass(frozen=True)
class Expiring:
    """Points that expire, unspent, in the month that begins on this day."""

    month: date
    points: Decimal


@dataclass(frozen=True)
class Card:
    """A card.

    :param balance: by our own record
    :param balance_after: of its last booking, as the engine says
    :param last_movement: when that was
    :param expiring_30_days: points that expire within the 30 days after the business
        day, or are due; likewise 90
    :param expiring: all points that have an end, by month
    """

    card_id: int
    program_id: int | None
    program_name: str | None
    active: bool
    balance: Decimal
    balance_after: Decimal | None
    last_movement: datetime | None
    expiring_30_days: Decimal = Decimal()
    expiring_90_days: Decimal = Decimal()
    expiring: tuple[Expiring, ...] = ()


@dataclass(frozen=True)
class Points:
    """Sums over the cards."""

    balance: Decimal
    expiring_30_days: Decimal
    expiring_90_days: Decimal
    expiring: tuple[Expiring, ...]


@dataclass(frozen=True)
class Level:
    """A membership product."""

    membership_product_id: int
    membership_product_name: str
    membership_level: str
    rank: int | None


@dataclass(frozen=True)
class Membership(Level):
    """A membership that is held.

    :param since: the instant from which on it is held without a break
    :param since_date: its business day
    """

    since: datetime
    since_date: date


@dataclass(frozen=True)
class Progress:
    """How far it is to the next level by rank.

    :param days: the window: spend counts from that long before the instant, exclusive;
        where that day's orders are archived, from the next business day on
    :param spend: in the window, net of refunds; None: it begins amid an archived month in
        which the customer bought
    :param next_level: None at the highest
    :param threshold: spend that the next level asks for; None: nobody has told
    :param missing: what is missing to it; never below 0
    :param progress: spend / threshold, from 0 to 1
    """

    days: int
    spend: Decimal | None
    next_level: Level | None
    threshold: Decimal | None
    missing: Decimal | None
    progress: float | None


@dataclass(frozen=True)
class Redemption:
    """A redemption.

    :param points: as booked
    :param points_reversed: what was given back of it
    """

    card_id: int
    program_id: int
    program_name: str | None
    transaction_date: datetime
    date: date
    points: Decimal
    points_reversed: Decimal
    origin: str | None
    order_id: str | None


@dataclass(frozen=True)
class Spend:
    """What was spent in a period.

    All None: it begins amid an archived month in which the customer bought.

    :param amount: net of refunds
    :param orders: sales
    """

    amount: Decimal | None
    orders: int | None
    refunds: int | None


@dataclass(frozen=True)
class Order:
    """A sale; of one whose detail is no longer kept, only the business day."""

    date: date
    order_id: str | None = None
    transaction_date: datetime | None = None
    amount: Decimal | None = None


@dataclass(frozen=True)
class Reward:
    """A reward of a program of Odoo's own that a card can get.

    :param points_missing: 0: it can be had now
    """

    card_id: int
    reward_id: int
    reward_name: str
    required_points: Decimal
    points_missing: Decimal


@dataclass(frozen=True)
class Standing:
    """The standing of the customers of one partner in one company.

    :param partner_ids: the engine's numbers of those that have facts there
    :param programs: card_id → the program of Odoo's own that its program is
    """

    partner_ids: tuple[int, ...]
    points: Points
    cards: tuple[Card, ...]
    membership: Membership | None
    progress: Progress
    redemptions: tuple[Redemption, ...]
    spend: dict[str, Spend]
    first_order: Order | None
    last_order: Order | None
    programs: dict[int, int] = field(default_factory=dict)

    @property
    def known(self):
        """Does the company know the customer by any fact?"""
        return bool(self.cards or self.membership or self.first_order) or any(
            period.refunds for period in self.spend.values()
        )
