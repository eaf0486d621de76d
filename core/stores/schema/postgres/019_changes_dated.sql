-- From which month on the figures of a company changed, and with which load last: figures
-- of earlier periods are as they were, and remembered answers to them stay good. (What is
-- cumulative, as a balance, changes from there on.) Family '' stands for whatever changed.
DROP TABLE loyalty_reporting_changed;
CREATE TABLE loyalty_reporting_changed (
    company_id integer NOT NULL,
    family text NOT NULL,
    first_month date NOT NULL,
    load_id bigint NOT NULL,
    PRIMARY KEY (company_id, family, first_month)
);

-- The last load that said there what it changed, and the last one that did not: such a
-- load, as a first history or a repair, may have changed any figure.
ALTER TABLE fact_load
    ADD said_load_id bigint NOT NULL DEFAULT 0,
    ADD general_load_id bigint NOT NULL DEFAULT 0;
UPDATE fact_load SET said_load_id = load_id, general_load_id = load_id;

CREATE FUNCTION loyalty_reporting_general_load() RETURNS bigint
    LANGUAGE sql STABLE
    RETURN (SELECT CASE WHEN said_load_id < load_id THEN load_id ELSE general_load_id END
            FROM fact_load);
