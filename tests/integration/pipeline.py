"""Runs of the pipeline, and what they left: by natural keys, compared exactly."""

import time
from contextlib import closing

import databases
import psycopg2

from core import sync
from core.records import Company
from core.sources import SOURCES
from core.stores.migrate import migrate

NEW_YORK = Company(1, "America/New_York", "USD", 2)
SOURCE_OPTIONS = ("queries", "chunk_documents", "timeout")

CONTENTS = {
    "detail": """
        SELECT order_id, line_id, program_id, program_name, program_type, partner_id,
            product_id, transaction_date, company_id, date, hour, week, store_id,
            channel, is_refund, qty, amount, discount, points_earned, points_redeemed,
            order_currency, currency_rate, currency_amount, currency_discount
        FROM promotion_report_detail""",
    "evaluations": """
        SELECT f.document_key, e.id, e.transaction_date, e.evaluated_at, e.hour,
            e.company_id, p.external_id, s.external_id, c.external_id, e.date,
            e.channel, e.order_kind, e.outcome, e.reason
        FROM promotion_evaluation_data e
        JOIN fact_document f USING (order_key)
        JOIN loyalty_reporting_program p ON p.id = e.program_key
        LEFT JOIN loyalty_reporting_shop s ON s.id = e.shop_key
        LEFT JOIN loyalty_reporting_customer c ON c.id = e.customer_key""",
    "orders": """
        SELECT f.document_key, p.external_id, s.external_id, c.external_id,
            o.transaction_date, o.hour, o.company_id, o.date, o.channel, o.line_count,
            o.is_refund, o.is_eligible, o.is_applied, o.is_rejected, o.qty, o.amount,
            o.discount, o.points_earned, o.points_redeemed
        FROM promotion_order_data o
        JOIN fact_document f USING (order_key)
        JOIN loyalty_reporting_program p ON p.id = o.program_key
        LEFT JOIN loyalty_reporting_shop s ON s.id = o.shop_key
        LEFT JOIN loyalty_reporting_customer c ON c.id = o.customer_key""",
    "rollup": "SELECT * FROM promotion_performance",
    "days": """
        SELECT p.external_id, d.* FROM (
            SELECT to_jsonb(r) - 'program_key' AS row, program_key
            FROM promotion_day_data r) d
        JOIN loyalty_reporting_program p ON p.id = d.program_key""".replace(
        "d.*", "d.row::text"
    ),
    "customer orders": """
        SELECT f.document_key, o.order_id, o.transaction_date, o.hour, o.date,
            o.company_id, s.external_id, c.external_id, m.external_id, o.is_refund,
            o.is_first_order, o.partner_id, o.channel, o.refund_of, o.amount,
            o.currency, o.currency_rate, o.currency_amount
        FROM customer_order_data o
        JOIN fact_document f USING (order_key)
        LEFT JOIN loyalty_reporting_shop s ON s.id = o.shop_key
        LEFT JOIN loyalty_reporting_customer c ON c.id = o.customer_key
        LEFT JOIN loyalty_reporting_membership_product m
            ON m.id = o.membership_product_key""",
    "membership events": """
        SELECT event_id, company_id, partner_id, order_id, event_type,
            from_membership_product_id, to_membership_product_id, transaction_date,
            date, hour
        FROM membership_event""",
    "intervals": """
        SELECT c.external_id, i.company_id, i.valid_from, i.valid_to, m.external_id,
            i.date_from, i.date_to::text
        FROM membership_interval i
        JOIN loyalty_reporting_customer c ON c.id = i.customer_key
        JOIN loyalty_reporting_membership_product m
            ON m.id = i.membership_product_key""",
    "customer days": """
        SELECT d.company_id, c.external_id, m.external_id, d.date, d.transactions,
            d.refund_transactions, d.is_joined, d.is_upgraded, d.is_downgraded,
            d.member_change, d.spending, d.gross_spending, d.points_earned,
            d.points_redeemed, d.points_expired, d.points_adjusted
        FROM customer_day_data d
        JOIN loyalty_reporting_customer c ON c.id = d.customer_key
        LEFT JOIN loyalty_reporting_membership_product m
            ON m.id = d.membership_product_key""",
    "membership": "SELECT * FROM membership_analytics",
    "points": """
        SELECT id, card_id, partner_id, program_id, membership_product_id,
            transaction_date, transaction_type, points_amount, balance_after, origin,
            order_id, amount, is_first_order, points_earned, points_redeemed,
            points_expired, points_adjusted, expires_at, reverses_id, seq, company_id,
            date, hour
        FROM point_analytics""",
    "points rollup": "SELECT * FROM point_analytics_rollup",
    "cards": """
        SELECT c.external_id, s.first_hour, s.last_hour, s.balance
        FROM card_state s JOIN loyalty_reporting_card c ON c.id = s.card_key""",
    "documents": """
        SELECT source, kind, document_key, transaction_date, currency,
            currency_rate
        FROM fact_document WHERE NOT is_deleted""",
    "dead letters": """
        SELECT source, table_name, document_key, row_key, reason
        FROM loyalty_reporting_dead_letter WHERE state = 'open'""",
}


def make_report(dsn):
    """The reporting schema in an empty database."""
    with closing(psycopg2.connect(dsn)) as connection, connection:
        migrate(connection.cursor())


def sync_once(engine_dsn, report_dsn, *, source_name="engine", **options):
    """One run of an `engine_pg` source, company 1 in New York unless said otherwise."""
    given = {key: options.pop(key) for key in SOURCE_OPTIONS if key in options}
    settings = {"companies": [NEW_YORK], "mapping": {1: 1}, **options}
    source = SOURCES["engine_pg"](engine_dsn, **given)
    return sync.run(source, report_dsn, source_name=source_name, **settings)


def synced(engine_dsn, report_dsn, **options):
    """One run that must read all there is. Returns its counts."""
    await_others(engine_dsn)
    result = sync_once(engine_dsn, report_dsn, **options)
    assert result.state == "done", result
    return result.counts


def await_others(engine_dsn):
    """Wait for the transactions that others began in the cluster before now.

    The cursor stops at the oldest: another test's, or the server's own housekeeping.
    """
    now = databases.value(engine_dsn, "SELECT pg_current_xact_id()::text")
    query = "SELECT pg_snapshot_xmin(pg_current_snapshot()) > %s::xid8"
    until = time.monotonic() + 60
    while not databases.value(engine_dsn, query, [now]):
        assert time.monotonic() < until, "a transaction stays open in the engine"
        time.sleep(0.02)


def contents(report_dsn):
    """{part: sorted rows} of a reporting database, without surrogate keys."""
    return {
        name: sorted(databases.rows(report_dsn, query), key=repr)
        for name, query in CONTENTS.items()
    }


def assert_same_contents(expected, actual):
    """Both hold the same rows; the message shows those that do not."""
    for name, rows in expected.items():
        missing, extra = set(rows) - set(actual[name]), set(actual[name]) - set(rows)
        assert not (missing or extra or len(rows) != len(actual[name])), (
            f"{name}: {len(rows)} rows expected, {len(actual[name])} found\n"
            f"missing: {sorted(missing, key=repr)[:5]}\n"
            f"too many: {sorted(extra, key=repr)[:5]}"
        )


def from_scratch(engine_dsn, template, **options):
    """Contents of an empty reporting database after one run."""
    with databases.database(databases.REPORT, template) as fresh:
        synced(engine_dsn, fresh, **options)
        return contents(fresh)
