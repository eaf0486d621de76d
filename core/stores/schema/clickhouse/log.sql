-- What ClickHouse remembers of the pushes. An entry is written before a push
-- changes anything and another when it is whole; the newest one says whose copy
-- this is, how far it reaches, and by which schema its tables were made.
CREATE TABLE IF NOT EXISTS push_state (
    epoch UInt64,
    watermark UInt64,
    owner String,
    schema String,
    written_at DateTime('UTC') DEFAULT now()
) ENGINE = MergeTree() ORDER BY (epoch, watermark);

-- Which versions of the schema there were here, and what became of the tables then.
CREATE TABLE IF NOT EXISTS schema_log (
    number UInt64,
    schema String,
    change String,
    applied_at DateTime('UTC') DEFAULT now()
) ENGINE = MergeTree() ORDER BY number;
