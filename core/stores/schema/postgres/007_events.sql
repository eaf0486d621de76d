-- Events that were pushed to us: which we know, for a while.
CREATE TABLE loyalty_reporting_pushed_event (
    source_name text NOT NULL,
    event_source text NOT NULL,
    event_id text NOT NULL,
    digest bytea NOT NULL,
    received_at timestamp NOT NULL DEFAULT (now() AT TIME ZONE 'UTC'),
    PRIMARY KEY (source_name, event_source, event_id)
);
CREATE INDEX loyalty_reporting_pushed_event_time_idx
    ON loyalty_reporting_pushed_event (source_name, received_at);
