"""What the demo's shop sells, its programs, levels and stores."""

from decimal import Decimal

# External ids of a company of the demo; the mapping says which of ours it is.
COMPANY = 1
STORES = {1: "City Centre", 2: "Station"}
# Product → price, and how often it is chosen beside the others.
COFFEE = 1
PRODUCTS = {
    COFFEE: (Decimal("7.90"), 6),
    2: (Decimal("3.40"), 8),
    3: (Decimal("4.25"), 6),
    4: (Decimal("12.50"), 3),
    5: (Decimal("18.90"), 2),
    6: (Decimal("2.10"), 9),
    7: (Decimal("34.00"), 1),
    8: (Decimal("9.95"), 4),
}

POINTS, WEEKEND, THREE_FOR_TWO, WELCOME, GOLD_DAYS = 1, 2, 3, 4, 5
PROGRAMS = {
    POINTS: ("Points", "loyalty"),
    WEEKEND: ("Weekend 10 %", "promotion"),
    THREE_FOR_TWO: ("Coffee: three for two", "buy_x_get_y"),
    WELCOME: ("Welcome coupon", "coupons"),
    GOLD_DAYS: ("Gold days", "promotion"),
}
BRONZE, SILVER, GOLD = 1, 2, 3
# Level → its name, and what a member spends in 90 days to get there.
LEVELS = {
    BRONZE: ("Bronze", Decimal(0)),
    SILVER: ("Silver", Decimal(300)),
    GOLD: ("Gold", Decimal(600)),
}
# Customers, by the numbers that contacts of the demo have as their reference.
CUSTOMERS = range(910_001, 910_049)

WEEKEND_RATE, GOLD_RATE = Decimal("0.10"), Decimal("0.15")
COUPON, REWARD, REWARD_POINTS, GOODWILL = Decimal(5), Decimal(5), 100, 25
POINTS_DAYS, LEVEL_DAYS, QUIET_DAYS = 100, 90, 60

_VERSION = {"version": 1}
# Table of the contract → its rows, which belong to no document.
DIMENSIONS = {
    "program": [
        {"id": key, "name": name, "program_type": kind, "active": True, **_VERSION}
        for key, (name, kind) in PROGRAMS.items()
    ],
    "membership_product": [
        {"id": key, "name": name, "level": name, "rank": key, **_VERSION}
        for key, (name, _spend) in LEVELS.items()
    ],
    "point_card": [
        {"id": key, "program_id": POINTS, "partner_id": key, "active": True, **_VERSION}
        for key in CUSTOMERS
    ],
}
