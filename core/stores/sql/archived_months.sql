-- The archived months on which each staged document depends (stage_month): those whose
-- rows it replaces or brings, and those whose rows follow from it, in either tier. Rather one too many than
-- one missed: a business day lies within two days of its date, in any time zone.
TRUNCATE stage_month, stage_early_card;

-- Its own rows, old ones that are here, and new ones.
INSERT INTO stage_month
SELECT DISTINCT t.order_key, a.month
FROM (
    SELECT order_key, old_date AS instant FROM stage_document
    WHERE kind <> 'membership' AND old_date IS NOT NULL
    UNION ALL
    SELECT order_key, transaction_date FROM stage_document
    WHERE kind <> 'membership' AND state NOT IN ('basket', 'gone')
    UNION ALL
    SELECT r.order_key, r.transaction_date
    FROM stage_evaluation_row r JOIN stage_document d USING (order_key)
    UNION ALL
    SELECT r.order_key, r.transaction_date
    FROM stage_point_row r JOIN stage_document d USING (order_key)
    UNION ALL
    SELECT r.order_key, r.transaction_date
    FROM stage_document d JOIN point_analytics_data r USING (order_key)
    WHERE d.old_load_id IS NOT NULL
    UNION ALL
    SELECT r.order_key, r.transaction_date
    FROM stage_document d JOIN promotion_evaluation_data r USING (order_key)
    WHERE d.old_date IS NULL AND d.old_load_id IS NOT NULL
) t
JOIN loyalty_reporting_archive a
    ON t.instant >= a.month - interval '3 days'
   AND t.instant < a.month + interval '1 month 3 days';

-- Its old rows that are archived and not in the month of its instant.
INSERT INTO stage_month
SELECT DISTINCT d.order_key, a.month
FROM stage_document d
JOIN archived_stray s USING (order_key)
JOIN loyalty_reporting_archive a
    ON a.month >= s.month - interval '1 month' AND a.month <= s.month + interval '1 month';

-- The level at which its customer bought, from the event on.
INSERT INTO stage_month
WITH members AS (
    SELECT e.order_key, e.company_id, e.customer_key, e.transaction_date
    FROM stage_document d JOIN membership_event_data e
        ON e.order_key = d.order_key AND e.transaction_date = d.old_date
    WHERE d.kind = 'membership'
    UNION
    SELECT r.order_key, r.company_id, r.customer_key, r.transaction_date
    FROM stage_event_row r JOIN stage_document d USING (order_key)
)
SELECT DISTINCT m.order_key, a.month
FROM members m
JOIN loyalty_reporting_archive a
    ON m.transaction_date < a.month + interval '1 month 3 days'
WHERE EXISTS (
    SELECT FROM customer_day_data r
    WHERE r.customer_key = m.customer_key AND r.company_id = m.company_id
      AND r.date >= m.transaction_date::date - 1
      AND r.date >= a.month - 3 AND r.date < a.month + interval '1 month 3 days')
  OR EXISTS (
    SELECT FROM point_analytics_rollup_data r
    WHERE r.customer_key = m.customer_key AND r.company_id = m.company_id
      AND r.date >= m.transaction_date::date - 1
      AND r.date >= a.month - 3 AND r.date < a.month + interval '1 month 3 days')
  OR EXISTS (
    SELECT FROM customer_month r
    WHERE r.customer_key = m.customer_key AND r.company_id = m.company_id
      AND r.month >= a.month - interval '1 month'
      AND r.month <= a.month + interval '1 month')
  -- The day of the event itself gets a row.
  OR a.tier = 'aggregate' AND m.transaction_date >= a.month - interval '3 days';

-- All bookings of a card, where those before the horizon change: how it stood then is
-- kept. They do, too, where a row is booked or taken away that an archived one reverses;
-- and which type a reverse counts in, only the row tells that it reverses.
INSERT INTO stage_early_card
WITH booked AS (
    SELECT r.order_key, r.card_key, r.transaction_id, r.hour, r.transaction_type,
        r.reverses_id
    FROM stage_point_row r JOIN stage_document d USING (order_key)
    UNION ALL
    SELECT r.order_key, r.card_key, r.transaction_id, r.hour, NULL, NULL
    FROM stage_document d JOIN point_analytics_data r USING (order_key)
    WHERE d.old_load_id IS NOT NULL
)
SELECT b.order_key, b.card_key
FROM booked b, card_horizon h
WHERE b.hour < h.instant
   OR EXISTS (
    SELECT FROM archived_booking a
    WHERE a.card_key = b.card_key AND a.reverses_id = b.transaction_id
      AND a.transaction_type = 'reverse')
   OR b.transaction_type = 'reverse' AND NOT EXISTS (
    SELECT FROM point_analytics_data o
    WHERE o.card_key = b.card_key AND o.transaction_id = b.reverses_id
      AND o.transaction_type <> 'reverse')
    AND NOT EXISTS (
    SELECT FROM stage_point_row o
    WHERE o.card_key = b.card_key AND o.transaction_id = b.reverses_id
      AND o.transaction_type <> 'reverse');

INSERT INTO stage_month
SELECT DISTINCT c.order_key, a.month
FROM stage_early_card c
JOIN loyalty_reporting_archive a ON EXISTS (
    SELECT FROM point_analytics_rollup_data r
    WHERE r.card_key = c.card_key
      AND r.date >= a.month - 3 AND r.date < a.month + interval '1 month 3 days')
  OR EXISTS (
    SELECT FROM card_month r
    WHERE r.card_key = c.card_key AND r.month >= a.month - interval '1 month'
      AND r.month <= a.month + interval '1 month');
