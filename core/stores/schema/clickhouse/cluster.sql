-- What a node of a cluster holds wholly: an entry is written to it when all rows of a
-- push are known to be on it. Who reads asks each node that answers for its newest one.
CREATE TABLE IF NOT EXISTS push_whole (
    owner String,
    epoch UInt64,
    watermark UInt64,
    written_at DateTime('UTC') DEFAULT now()
) ENGINE = MergeTree() ORDER BY (epoch, watermark);
