-- The hours of cards in a month. A card's balance: its opening (its first row's
-- balance less that row) and all that was booked until the end of the hour. Where months
-- are archived, it begins with what is kept of the horizon.
WITH since AS (
    SELECT CASE WHEN EXISTS (SELECT FROM archived_month) THEN h.instant
        ELSE '-infinity' END AS instant
    FROM card_horizon h
), hours (company_id, program_key, card_key, customer_key, date, hour,
    transaction_type, load_id, transactions, points_earned, points_redeemed,
    points_expired, points_adjusted, balance, balance_change) AS (
    {point_sums}
), booked AS (
    SELECT p.*, CASE WHEN p.counts_as IN ('redeem', 'expire') THEN -p.points_counted
        ELSE p.points_counted END AS effect
    FROM point_analytics_data p
    JOIN since s ON p.transaction_date >= s.instant
    WHERE p.card_key IN (SELECT card_key FROM hours)
      AND p.transaction_date < %(following)s::date + 1
), past AS (
    SELECT p.card_key, p.debt + coalesce((SELECT sum(l.remaining) FROM card_lot l
            WHERE l.card_key = p.card_key), 0) AS balance
    FROM card_past p JOIN since s ON s.instant > '-infinity'
), openings AS (
    SELECT DISTINCT ON (card_key) card_key, company_id, program_key,
        coalesce(customer_key, 0) AS customer_key, date, hour, transaction_type,
        coalesce(balance_after - effect, 0) AS opening
    FROM booked
    WHERE card_key NOT IN (SELECT card_key FROM past)
    ORDER BY card_key, transaction_date, seq, transaction_id
), balances AS (
    SELECT b.card_key, b.hour, coalesce(o.opening, a.balance) + sum(sum(b.effect)) OVER (
        PARTITION BY b.card_key ORDER BY b.hour) AS balance
    FROM booked b
    LEFT JOIN openings o USING (card_key)
    LEFT JOIN past a USING (card_key)
    GROUP BY b.card_key, b.hour, o.opening, a.balance
)
SELECT h.company_id, h.program_key, h.card_key, h.customer_key, h.date, h.hour,
    h.transaction_type, h.load_id, h.transactions, h.points_earned, h.points_redeemed,
    h.points_expired, h.points_adjusted, b.balance,
    h.balance_change + coalesce(o.opening, 0)
FROM hours h
JOIN balances b USING (card_key, hour)
LEFT JOIN openings o USING (card_key, company_id, program_key, customer_key, date, hour,
    transaction_type)
