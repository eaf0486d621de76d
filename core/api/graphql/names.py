"""How GraphQL calls what the registry knows: fields in camelCase, types in PascalCase."""

import re

# API.md fixed these before there was a rule: slug → (field, type of its rows).
_FIXED = {
    "promotions/performance": ("promotionPerformance", "PromotionPerformance"),
    "membership/analytics": ("membershipAnalytics", "MembershipAnalytics"),
    "points/transactions": ("pointTransactions", "PointTransaction"),
}
# … and these: (slug, parameter) that the list must be given; (slug, column) that is there.
REQUIRED = {("promotions/performance", "group_by")}
NEVER_NULL = {("points/transactions", "balance_after")}


def camel(name):
    """Return a snake_case name or a slug in camelCase."""
    head, *rest = re.split(r"[\W_]+", name)
    return head + "".join(part[:1].upper() + part[1:] for part in rest)


def pascal(name):
    """Return a snake_case name or a slug in PascalCase."""
    name = camel(name)
    return name[:1].upper() + name[1:]


def constant(value):
    """Return the name of an enum's value."""
    return re.sub(r"\W", "_", value).upper()


def field_of(report):
    """Return the field of the query that is a report's bare list."""
    return _FIXED.get(report.slug, (camel(report.slug),))[0]


def type_of(report):
    """Return the name of the type of a report's rows."""
    return _FIXED.get(report.slug, (None, pascal(report.slug)))[1]
