"""Lists of rollup columns, written once and used by several SQL files."""

from functools import cache

from ..database import sql


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
