"""Parts of statements, written once and used by several SQL files."""

from functools import cache

from ..database import sql

# A business day in any time zone begins and ends within a day of the UTC day: saying
# so lets PostgreSQL read one partition, or two.
_OF_DAY = (
    "o.customer_key = t.customer_key AND o.company_id = t.company_id"
    " AND o.date = t.date"
)
_INSTANTS = " AND o.transaction_date >= t.date - 1 AND o.transaction_date < t.date + 2"
_OF_COMPANY = "o.company_id = t.company_id AND o.customer_key IS NOT NULL"


@cache
def buckets():
    """Return the columns of a rollup row and the measures that fill them."""
    return {
        "columns": sql("stores/sql/bucket_columns.sql"),
        "measures": sql("stores/sql/bucket_measures.sql"),
    }


@cache
def days():
    """Return the additive columns of a rollup, and their sums."""
    _keys, measures = sql("stores/sql/bucket_columns.sql").split("channel,")
    additive = [c.strip() for c in measures.split(",")]
    additive.remove("unique_customers")
    return {
        "day_columns": ", ".join(additive),
        "sums": ", ".join(f"sum(r.{c})" for c in additive),
    }


@cache
def membership():
    """Return the columns of a membership rollup's row, and the sums that fill them."""
    return {
        "membership_columns": sql("stores/sql/membership_columns.sql"),
        "membership_sums": sql("stores/sql/membership_sums.sql"),
    }


@cache
def customer_days():
    """Return the columns of a customer's day that are stored."""
    return sql("stores/sql/customer_day_columns.sql")


def replaced_days(fresh):
    """Return the columns of customers' days, and what marks those that are no more.

    :param fresh: the table of the recomputed days
    """
    return {
        "columns_of_days": customer_days(),
        "tombstones": sql("stores/sql/customer_day_tombstones.sql", fresh=fresh),
        **membership(),
    }


@cache
def replaced_hours():
    """Return what puts the recomputed hours of cards in the place of the old ones."""
    return {"place_hours": sql("stores/sql/place_hours.sql")}


def point_days(hours):
    """Return the days of points, from scratch.

    :param hours: the condition of the hours ``r`` that they are summed from
    """
    return sql("stores/sql/point_days.sql", hours=hours)


@cache
def reversals():
    """Return the statement that says what the CTE ``reverses`` takes back."""
    return {"resolve_reverses": sql("stores/sql/resolve_reverses.sql")}


@cache
def orders():
    """Return the columns of an order's header, and the staged rows that fill them."""
    return {
        "order_columns": sql("stores/sql/order_columns.sql"),
        "order_rows": sql("stores/sql/order_rows.sql"),
    }


@cache
def touched_days():
    """Return the days of customers that a load touched, from scratch."""
    return sql(
        "stores/sql/customer_day_measures.sql",
        days="(SELECT DISTINCT * FROM stage_customer_day)",
        of_day=_OF_DAY + _INSTANTS,
        of_interval=_OF_DAY,
    )


@cache
def all_days():
    """Return all days of a company's customers, from scratch."""
    return sql(
        "stores/sql/customer_day_measures.sql",
        days="(SELECT %(company_id)s::integer AS company_id)",
        of_day=_OF_COMPANY,
        of_interval=_OF_COMPANY,
    )


@cache
def touched_hours():
    """Return the hours of cards that a load touched, from scratch, without balance."""
    return sql(
        "stores/sql/point_sums.sql",
        point_rows="(SELECT DISTINCT card_key, hour FROM stage_booked) t"
        " JOIN point_analytics_data p ON p.card_key = t.card_key AND p.hour = t.hour"
        " AND p.transaction_date >= t.hour"
        " AND p.transaction_date < t.hour + interval '2 hours'",
    )


@cache
def all_hours():
    """Return all hours of a company's cards, from scratch, without balance."""
    return sql(
        "stores/sql/point_sums.sql",
        point_rows="point_analytics_data p WHERE p.company_id = %(company_id)s",
    )
