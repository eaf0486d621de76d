-- The hours of cards in a month. A card's balance: its opening (its first row's
-- balance less that row) and all that was booked until the end of the hour.
WITH hours (company_id, program_key, card_key, customer_key, date, hour,
    transaction_type, load_id, transactions, points_earned, points_redeemed,
    points_expired, points_adjusted, balance) AS (
    {point_sums}
), booked AS (
    SELECT p.*, CASE WHEN p.counts_as IN ('redeem', 'expire') THEN -p.points_counted
        ELSE p.points_counted END AS effect
    FROM point_analytics_data p
    WHERE p.card_key IN (SELECT card_key FROM hours)
      AND p.transaction_date < %(following)s::date + 1
), openings AS (
    SELECT DISTINCT ON (card_key) card_key, coalesce(balance_after - effect, 0) AS opening
    FROM booked
    ORDER BY card_key, transaction_date, seq, transaction_id
), balances AS (
    SELECT card_key, hour, opening + sum(sum(effect)) OVER (
        PARTITION BY card_key ORDER BY hour) AS balance
    FROM booked JOIN openings USING (card_key)
    GROUP BY card_key, hour, opening
)
SELECT h.company_id, h.program_key, h.card_key, h.customer_key, h.date, h.hour,
    h.transaction_type, h.load_id, h.transactions, h.points_earned, h.points_redeemed,
    h.points_expired, h.points_adjusted, b.balance
FROM hours h JOIN balances b USING (card_key, hour)
