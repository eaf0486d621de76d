-- What reconciliations compared, and the rows that they found to differ.

-- Of each reconciliation: its totals by table (without a day), and the days of a table
-- that differ.
CREATE TABLE loyalty_reporting_reconciliation (
    id serial PRIMARY KEY,
    run_id integer NOT NULL,
    source_name text NOT NULL,
    level text NOT NULL,
    table_name text NOT NULL,
    date_from date NOT NULL,
    date_to date NOT NULL,
    day date,
    state text NOT NULL,
    rows_expected bigint NOT NULL,
    rows_kept bigint NOT NULL,
    sums_expected jsonb NOT NULL,
    sums_kept jsonb NOT NULL,
    checksum_expected text NOT NULL,
    checksum_kept text NOT NULL,
    differences bigint NOT NULL,
    reason text NOT NULL DEFAULT '',
    checked_at timestamp NOT NULL DEFAULT (now() AT TIME ZONE 'UTC')
);
CREATE INDEX loyalty_reporting_reconciliation_run_idx
    ON loyalty_reporting_reconciliation (run_id);

CREATE TABLE loyalty_reporting_difference (
    id serial PRIMARY KEY,
    run_id integer NOT NULL,
    source_name text NOT NULL,
    level text NOT NULL,
    table_name text NOT NULL,
    date_from date NOT NULL,
    date_to date NOT NULL,
    day date,
    kind text NOT NULL,
    document_kind text,
    document_key text,
    row_key text NOT NULL,
    expected jsonb,
    kept jsonb,
    state text NOT NULL,
    reason text NOT NULL DEFAULT '',
    found_at timestamp NOT NULL DEFAULT (now() AT TIME ZONE 'UTC'),
    settled_at timestamp
);
CREATE INDEX loyalty_reporting_difference_run_idx ON loyalty_reporting_difference (run_id);
CREATE INDEX loyalty_reporting_difference_day_idx
    ON loyalty_reporting_difference (source_name, level, day);
