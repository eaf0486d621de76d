-- Archived months with rows of a person that an erasure began to write anew, until it is over.
CREATE TABLE loyalty_reporting_erasure_month (
    erasure_id integer NOT NULL,
    month date NOT NULL,
    -- Tiers of which no rows were here when its turn came: they leave again.
    tiers_away text[] NOT NULL,
    is_done boolean NOT NULL DEFAULT false,
    PRIMARY KEY (erasure_id, month)
);
