-- Persons who were erased: what was done, and by which keyed digests loads know them, so
-- that nobody brings them back. No column holds who they were once an erasure is done.

CREATE TABLE loyalty_reporting_erasure (
    id serial PRIMARY KEY,
    user_id integer,
    requester text NOT NULL,
    reference text NOT NULL DEFAULT '',
    state text NOT NULL DEFAULT 'running',
    message text NOT NULL DEFAULT '',
    requested_at timestamp NOT NULL DEFAULT (now() AT TIME ZONE 'UTC'),
    finished_at timestamp,
    -- What is to be removed, until all of it is: {"customer": [[key, source, id]], …}
    identifiers jsonb
);

CREATE TABLE loyalty_reporting_erased (
    digest bytea PRIMARY KEY,
    source text NOT NULL,
    kind text NOT NULL,
    pseudonym bigint NOT NULL,
    erasure_id integer NOT NULL
);

CREATE INDEX loyalty_reporting_erased_source_idx ON loyalty_reporting_erased (source);

-- One row a place; a step that is done is not repeated.
CREATE TABLE loyalty_reporting_erasure_step (
    id serial PRIMARY KEY,
    erasure_id integer NOT NULL,
    position integer NOT NULL,
    place text NOT NULL,
    changed bigint NOT NULL,
    state text NOT NULL,
    note text NOT NULL DEFAULT '',
    done_at timestamp NOT NULL DEFAULT (clock_timestamp() AT TIME ZONE 'UTC'),
    UNIQUE (erasure_id, place)
);

-- A digest of a fixed text: tells the secret of the digests above from another.
CREATE TABLE loyalty_reporting_erasure_secret (digest bytea NOT NULL);

-- NULL: the content was hashed with an identifier that is gone. What a source's database
-- delivers replaces it; an event of the same version is taken for equal.
ALTER TABLE fact_document ALTER content_hash DROP NOT NULL;

-- Identifiers of customers who turned out to be others: what comes under the one counts
-- for the other.
CREATE TABLE loyalty_reporting_alias (
    source text NOT NULL,
    external_id bigint NOT NULL,
    customer_key integer NOT NULL,
    PRIMARY KEY (source, external_id)
);
CREATE INDEX loyalty_reporting_alias_customer_idx
    ON loyalty_reporting_alias (customer_key);
