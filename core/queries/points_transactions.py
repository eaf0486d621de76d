"""Point transactions: the rows of the ledger, one by one."""

from ..texts import _
from . import dimensions as by
from .base import Audience, Column, Kind, Listing

REPORT = Listing(
    slug="points/transactions",
    title=_("Point transactions"),
    description=(
        _("The rows of the points ledger in the order of their instants, as the engine "
        "booked them: balance_after is the engine's own.")
    ),
    basis=_("the ledger as given"),
    audience=Audience.POINTS,
    table="point_analytics_data",
    order=(
        ("transaction_date", Kind.INSTANT),
        ("seq", Kind.INTEGER),
        ("transaction_id", Kind.INTEGER),
        ("order_key", Kind.INTEGER),
    ),
    columns=(
        Column("card_id", _("Card"), _("The engine's number of the card."), Kind.INTEGER),
        Column(
            "partner_id", _("Customer"), _("The engine's number; empty if not known."),
            Kind.INTEGER, True,
        ),
        Column(
            "transaction_date", _("Instant"), _("When it was booked, in UTC."), Kind.INSTANT
        ),
        Column(
            "transaction_type", _("Type"), _("earn, redeem, expire, adjust or reverse."),
            Kind.TEXT,
        ),
        Column("points_amount", _("Points"), _("As booked."), Kind.POINTS),
        Column(
            "balance_after", _("Balance"), _("After it, as the engine says."), Kind.POINTS,
            True,
        ),
        Column("origin", _("Origin"), _("What it was booked for."), Kind.TEXT, True),
    ),
    filters=(
        by.OF_PARTNER, by.OF_CARD, by.OF_TYPE, by.OF_LEDGER_PROGRAM,
        by.OF_PROGRAM_TYPE, by.OF_MEMBERSHIP_PRODUCT, by.OF_LEVEL,
    ),
)  # fmt: skip
