"""Who joined, bought and moved between levels."""

from .parts import (
    AVERAGE,
    COUNT,
    MONEY,
    PERIOD,
    Chart,
    Dashboard,
    Filter,
    Level,
    Measure,
    Source,
    Table,
    Totals,
)

_DAYS = Source(
    "membership.analytics",
    "loyalty_reporting.membership_analytics_action",
    "loyalty_reporting.membership_analytics_menu",
    {
        "period": ("date", "date"),
        "membership": ("membership_product_key", "many2one"),
        "level": ("membership_level", "char"),
    },
)
_EVENTS = Source(
    "membership.event",
    "loyalty_reporting.membership_event_action",
    "loyalty_reporting.membership_event_menu",
    {
        "period": ("date", "date"),
        "membership": ("to_product_key", "many2one"),
        "level": ("to_membership_level", "char"),
    },
)
_BOUGHT = (
    Measure("members", "Members"),
    Measure("active_members", "Active Members"),
    Measure("total_spending", "Spending", MONEY),
    Measure("avg_spending", "Average Spending", AVERAGE),
)

DASHBOARD = Dashboard(
    "membership",
    (
        PERIOD,
        Filter("level", "Level", choice=(_DAYS, "membership_level")),
        Filter("membership", "Membership", "loyalty.reporting.membership.product"),
    ),
    (
        # Sums and levels are read from a rollup, distinct customers from their days.
        Totals(
            _DAYS,
            (
                Measure("members", "Members", COUNT, (2480, 2315)),
                Measure("total_spending", "Spending", MONEY, (142700, 133900)),
                Measure("total_points_earned", "Points Earned", COUNT, (71350, 66950)),
                Measure(
                    "total_points_redeemed",
                    "Points Redeemed",
                    COUNT,
                    (38200, 40100),
                ),
            ),
        ),
        Totals(
            _DAYS,
            (
                Measure("active_members", "Active Members", COUNT, (1310, 1255)),
                Measure("new_members", "New Members", COUNT, (205, 190)),
                Measure("upgraded_members", "Upgraded", COUNT, (84, 71)),
                Measure(
                    "downgraded_members", "Downgraded", COUNT, (32, 38), is_loss=True
                ),
            ),
        ),
    ),
    (
        Level(
            "members_over_time",
            "Members at the end of each week",
            _DAYS,
            "members",
            sample=(1900, 1985, 2040, 2130, 2205, 2290, 2395, 2480),
        ),
        Chart(
            "active_over_time",
            "Active members over time, by level",
            _DAYS,
            "active_members",
            "membership_level",
            sample={
                "silver": (90, 95, 88, 99, 104, 110, 107, 118),
                "gold": (40, 41, 45, 44, 47, 52, 55, 58),
                "platinum": (11, 12, 12, 14, 15, 15, 17, 19),
            },
        ),
        Chart(
            "spending_over_time",
            "Spending over time, by level",
            _DAYS,
            "total_spending",
            "membership_level",
            sample={
                "silver": (
                    9_000,
                    10_000,
                    9_000,
                    11_000,
                    12_000,
                    13_000,
                    12_000,
                    14_000,
                ),
                "gold": (7_000, 7_000, 8_000, 8_000, 9_000, 10_000, 10_000, 11_000),
                "platinum": (4_000, 4_000, 5_000, 5_000, 6_000, 6_000, 7_000, 8_000),
            },
        ),
        Chart(
            "events_over_time",
            "Joined, moved and left",
            _EVENTS,
            "events",
            "event_type",
            sample={
                "Join": (22, 25, 21, 28, 30, 27, 33, 36),
                "Upgrade": (6, 8, 7, 9, 11, 10, 12, 14),
                "Expiry": (3, 2, 4, 3, 5, 4, 4, 6),
            },
        ),
    ),
    (
        Table(
            "levels",
            "Levels",
            _DAYS,
            "membership_level",
            "Level",
            _BOUGHT,
            rows=6,
            sample=(
                ("silver", 1560, 790, 61300, 77.59),
                ("gold", 700, 380, 49200, 129.47),
                ("platinum", 220, 140, 32200, 230.0),
            ),
        ),
        Table(
            "moves",
            "Who came and moved, by level",
            _DAYS,
            "membership_level",
            "Level",
            (
                Measure("new_members", "New Members"),
                Measure("upgraded_members", "Upgraded"),
                Measure("downgraded_members", "Downgraded"),
                Measure("active_members", "Active Members"),
            ),
            shown=1,
            rows=6,
            sample=(
                ("silver", 160, 0, 22, 790),
                ("gold", 35, 58, 10, 380),
                ("platinum", 10, 26, 0, 140),
            ),
        ),
        Table(
            "memberships",
            "Memberships",
            _DAYS,
            "membership_product_key",
            "Membership",
            _BOUGHT,
            sample=(
                ("Silver, a year", 1180, 600, 46900, 78.17),
                ("Gold, a year", 700, 380, 49200, 129.47),
                ("Silver, free", 380, 190, 14400, 75.79),
                ("Platinum, a year", 220, 140, 32200, 230.0),
            ),
        ),
    ),
)
