-- Generations of a month's files. `writer` is named in the manifest that is being written,
-- until it is noted as whole: what it left behind when it died is told from files that
-- somebody else wrote.
ALTER TABLE loyalty_reporting_archive ADD COLUMN writer uuid;

-- Generations that a newer one took the place of. They are put aside for a while: a
-- database that is restored from a backup knows the one of its time.
CREATE TABLE loyalty_reporting_archive_former (
    id serial PRIMARY KEY,
    archive_id integer NOT NULL REFERENCES loyalty_reporting_archive ON DELETE CASCADE,
    location text NOT NULL,
    manifest jsonb NOT NULL,
    superseded_at timestamp NOT NULL DEFAULT (now() AT TIME ZONE 'UTC')
);
