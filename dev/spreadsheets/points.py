"""Points earned, redeemed, expired and outstanding."""

from .parts import (
    COUNT,
    PERIOD,
    RATIO,
    Chart,
    Dashboard,
    Filter,
    Level,
    Measure,
    Source,
    Table,
    Totals,
)

_LEDGER = Source(
    "point.analytics",
    "loyalty_reporting.point_analytics_activity_action",
    "loyalty_reporting.point_analytics_activity_menu",
    {"period": ("date", "date"), "program": ("program_key", "many2one")},
)

DASHBOARD = Dashboard(
    "points",
    (PERIOD, Filter("program", "Program", "loyalty.reporting.program")),
    (
        # Sums and levels are read from a rollup, distinct cards from the ledger.
        Totals(
            _LEDGER,
            (
                Measure("balance", "Outstanding", COUNT, (412600, 398200)),
                Measure("points_earned", "Earned", COUNT, (92400, 88150)),
                Measure("points_redeemed", "Redeemed", COUNT, (61300, 54900)),
                Measure(
                    "points_expired", "Expired", COUNT, (16700, 18300), is_loss=True
                ),
                Measure("redemption_rate", "Redemption Rate", RATIO, (0.663, 0.623)),
                Measure("transactions", "Bookings", COUNT, (5210, 4890)),
            ),
        ),
        Totals(
            _LEDGER,
            (
                Measure("cards", "Cards", COUNT, (1840, 1765)),
                Measure("unique_customers", "Customers", COUNT, (1790, 1715)),
            ),
        ),
    ),
    (
        Chart(
            "points_over_time",
            "Points over time",
            _LEDGER,
            "points_net",
            "transaction_type",
            sample={
                "Earned": (
                    10_000,
                    12_000,
                    11_000,
                    13_000,
                    12_000,
                    14_000,
                    15_000,
                    16_000,
                ),
                "Redeemed": (
                    -6_000,
                    -7_000,
                    -8_000,
                    -7_000,
                    -9_000,
                    -8_000,
                    -10_000,
                    -11_000,
                ),
                "Expired": (
                    -2_000,
                    -1_000,
                    -2_000,
                    -3_000,
                    -2_000,
                    -2_000,
                    -3_000,
                    -2_000,
                ),
            },
        ),
        Level(
            "balance_over_time",
            "Outstanding at the end of each week",
            _LEDGER,
            "balance",
            sample=(
                365_000,
                371_000,
                376_000,
                382_000,
                390_000,
                398_000,
                405_000,
                412_000,
            ),
        ),
    ),
    (
        Table(
            "programs",
            "Outstanding, by program",
            _LEDGER,
            "program_key",
            "Program",
            (
                Measure("balance", "Outstanding", COUNT),
                Measure("points_earned", "Earned", COUNT),
                Measure("points_redeemed", "Redeemed", COUNT),
                Measure("points_expired", "Expired", COUNT),
            ),
            rows=6,
            sample=(
                ("Loyalty card", 301500, 70100, 46800, 12400),
                ("Gift card", 83200, 17300, 11200, 3100),
                ("eWallet", 27900, 5000, 3300, 1200),
            ),
        ),
        Table(
            "levels",
            "Earned and redeemed, by level",
            _LEDGER,
            "membership_level",
            "Level",
            (
                Measure("points_earned", "Earned", COUNT),
                Measure("points_redeemed", "Redeemed", COUNT),
                Measure("redemption_rate", "Redemption Rate", RATIO),
                Measure("unique_customers", "Customers"),
            ),
            rows=6,
            sample=(
                ("silver", 41200, 25100, 0.609, 860),
                ("gold", 31800, 22400, 0.704, 420),
                ("platinum", 19400, 13800, 0.711, 150),
            ),
        ),
    ),
)
