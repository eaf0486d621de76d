"""What promotions sold, gave away and converted."""

from .parts import (
    AVERAGE,
    COUNT,
    MONEY,
    PERIOD,
    RATIO,
    Chart,
    Dashboard,
    Filter,
    Measure,
    Source,
    Table,
    Totals,
)

_ORDERS = Source(
    "promotion.order",
    "loyalty_reporting.promotion_order_action",
    "loyalty_reporting.promotion_order_menu",
    {
        "period": ("date", "date"),
        "program": ("program_key", "many2one"),
        "shop": ("shop_key", "many2one"),
    },
)
_SOLD = (
    Measure("amount", "Attributed Amount", MONEY),
    Measure("discount", "Discount", MONEY),
    Measure("total_transactions", "Transactions"),
    Measure("unique_customers", "Customers"),
)

DASHBOARD = Dashboard(
    "promotions",
    (
        PERIOD,
        Filter("program", "Program", "loyalty.reporting.program"),
        Filter("shop", "Shop", "loyalty.reporting.shop"),
    ),
    (
        Totals(
            _ORDERS,
            (
                Measure("amount", "Attributed Amount", MONEY, (184250, 167400)),
                Measure("discount", "Discount", MONEY, (21380, 19950)),
                Measure("total_transactions", "Transactions", COUNT, (4120, 3860)),
                Measure("unique_customers", "Customers", COUNT, (1935, 1880)),
                Measure("conversion_rate", "Conversion Rate", RATIO, (0.42, 0.39)),
                Measure("discount_depth", "Discount Depth", RATIO, (0.104, 0.107)),
                Measure(
                    "avg_transaction_value",
                    "Avg. Transaction",
                    AVERAGE,
                    (44.72, 43.37),
                ),
                Measure(
                    "refund_transactions", "Refunds", COUNT, (96, 104), is_loss=True
                ),
            ),
        ),
    ),
    (
        Chart(
            "amount_over_time",
            "Attributed amount over time",
            _ORDERS,
            "amount",
            sample={
                "Attributed Amount": (
                    21_000,
                    24_000,
                    22_000,
                    27_000,
                    31_000,
                    29_000,
                    33_000,
                    38_000,
                )
            },
        ),
        Chart(
            "discount_over_time",
            "Discount over time, by type of program",
            _ORDERS,
            "discount",
            "program_type",
            sample={
                "promotion": (2_000, 3_000, 2_000, 4_000, 3_000, 4_000, 4_000, 5_000),
                "coupons": (1_000, 1_000, 2_000, 1_000, 2_000, 2_000, 3_000, 2_000),
            },
        ),
    ),
    (
        Table(
            "programs",
            "Top programs",
            _ORDERS,
            "program_key",
            "Program",
            _SOLD,
            sample=(
                ("10% on orders", 64200, 7130, 1410, 820),
                ("Buy 2, get 1", 41800, 6240, 930, 610),
                ("Loyalty card", 38100, 0, 1020, 540),
                ("Free coffee", 22750, 3410, 480, 395),
                ("Birthday coupon", 17400, 4600, 280, 275),
            ),
        ),
        Table(
            "conversion",
            "Offered and taken",
            _ORDERS,
            "program_key",
            "Program",
            (
                Measure("eligible_transactions", "Eligible"),
                Measure("applied_transactions", "Applied"),
                Measure("rejected_transactions", "Rejected"),
                Measure("conversion_rate", "Conversion Rate", RATIO),
            ),
            shown=3,
            sample=(
                ("10% on orders", 3020, 1410, 210, 0.47),
                ("Loyalty card", 2550, 1020, 90, 0.4),
                ("Buy 2, get 1", 2240, 930, 185, 0.42),
                ("Free coffee", 1610, 480, 75, 0.3),
                ("Birthday coupon", 510, 280, 50, 0.55),
            ),
        ),
        Table(
            "shops",
            "Top shops",
            _ORDERS,
            "shop_key",
            "Shop",
            _SOLD,
            sample=(
                ("Main Street", 72300, 8120, 1630, 790),
                ("Station", 54900, 6700, 1280, 655),
                ("Harbour", 38150, 4210, 820, 450),
                ("Online", 18900, 2350, 390, 310),
            ),
        ),
    ),
)
