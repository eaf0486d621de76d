-- The balance of cards as changes that add up, and the days of points.

-- What a row changes of its card's balance. The row of the card's first booking has what
-- the card held before that, too: the sum of all up to an instant is what is outstanding.
ALTER TABLE point_analytics_rollup_data ADD COLUMN balance_change numeric(28, 4);

WITH openings AS (
    SELECT DISTINCT ON (card_key) card_key, company_id, program_key,
        coalesce(customer_key, 0) AS customer_key, date, hour, transaction_type,
        balance_after - CASE WHEN counts_as IN ('redeem', 'expire')
            THEN -points_counted ELSE points_counted END AS opening
    FROM point_analytics_data
    ORDER BY card_key, transaction_date, seq, transaction_id
), changes AS (
    SELECT r.card_key, r.hour, r.transaction_type, r.company_id, r.program_key,
        r.customer_key, r.date, r.points_earned - r.points_redeemed - r.points_expired
            + r.points_adjusted + coalesce(o.opening, 0) AS change
    FROM point_analytics_rollup_data r
    LEFT JOIN openings o USING (card_key, hour, transaction_type, company_id,
        program_key, customer_key, date)
)
UPDATE point_analytics_rollup_data r
SET balance_change = c.change
FROM changes c
WHERE c.card_key = r.card_key AND c.hour = r.hour
  AND c.transaction_type = r.transaction_type AND c.company_id = r.company_id
  AND c.program_key = r.program_key AND c.customer_key = r.customer_key
  AND c.date = r.date;

ALTER TABLE point_analytics_rollup_data ALTER balance_change SET NOT NULL;

-- All points of a customer, from the very first on.
CREATE INDEX point_analytics_rollup_customer_idx
    ON point_analytics_rollup_data (customer_key, date);

CREATE OR REPLACE VIEW point_analytics_rollup AS
SELECT
    r.company_id,
    k.external_id AS card_id,
    c.external_id AS partner_id,
    p.external_id AS program_id,
    r.date,
    r.hour,
    r.transaction_type,
    r.transactions,
    r.points_earned,
    r.points_redeemed,
    r.points_expired,
    r.points_adjusted,
    r.balance,
    r.balance_change
FROM point_analytics_rollup_data r
LEFT JOIN loyalty_reporting_card k ON k.id = r.card_key
LEFT JOIN loyalty_reporting_customer c ON c.id = r.customer_key
LEFT JOIN loyalty_reporting_program p ON p.id = r.program_key;

-- The rollup above, over all cards and hours of a day.
CREATE TABLE point_day_data (
    company_id integer NOT NULL,
    program_key integer NOT NULL,
    date date NOT NULL,
    transaction_type text NOT NULL,
    transactions bigint NOT NULL,
    points_earned numeric(28, 4) NOT NULL,
    points_redeemed numeric(28, 4) NOT NULL,
    points_expired numeric(28, 4) NOT NULL,
    points_adjusted numeric(28, 4) NOT NULL,
    balance_change numeric(28, 4) NOT NULL,
    PRIMARY KEY (company_id, program_key, date, transaction_type)
);
INSERT INTO point_day_data
SELECT company_id, program_key, date, transaction_type, sum(transactions),
    sum(points_earned), sum(points_redeemed), sum(points_expired), sum(points_adjusted),
    sum(balance_change)
FROM point_analytics_rollup_data
GROUP BY company_id, program_key, date, transaction_type;
