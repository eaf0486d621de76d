-- One row may stand for many: see loyalty_reporting_renaming in 008_names.sql.
ALTER TABLE loyalty_reporting_renaming ADD COLUMN amount bigint NOT NULL DEFAULT 1;
