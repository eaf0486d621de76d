-- The last load that changed the figures of a company, by family of reports. A load that
-- has no rows here may have changed any.
CREATE TABLE loyalty_reporting_changed (
    company_id integer NOT NULL,
    family text NOT NULL,
    load_id bigint NOT NULL,
    PRIMARY KEY (company_id, family)
);

-- Up to which load the open screens were told that figures changed: those of
-- PostgreSQL ('load') and those of the copy in ClickHouse ('push').
CREATE TABLE loyalty_reporting_announcement (
    store text PRIMARY KEY,
    load_id bigint NOT NULL
);
INSERT INTO loyalty_reporting_announcement
SELECT 'load', max(load_id) FROM fact_load
UNION ALL
SELECT 'push', watermark FROM loyalty_reporting_clickhouse;
