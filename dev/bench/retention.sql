-- A month of synthetic orders, each with a point booking and three evaluations, on the cards
-- of the history. Of ten bookings of a card eight earn 100 and two redeem 400.
-- Parameters: begin and following (of the month), first (orders before it), count.

-- orders
CREATE TEMP TABLE made AS
SELECT 1000000000::bigint + o.n AS order_key, 'B' || o.n AS order_id, o.n, o.instant,
    date_trunc('hour', o.instant) AS hour, o.instant::date AS date, c.*,
    o.n / (SELECT count(*) FROM bench_card) %% 10 AS visit
FROM (
    SELECT %(first)s + k AS n,
        %(begin)s::timestamp + k * ((%(following)s::timestamp - %(begin)s) / %(count)s)
        AS instant
    FROM generate_series(0, %(count)s - 1) k
) o
JOIN bench_card c ON c.number = o.n %% (SELECT count(*) FROM bench_card);

-- documents
INSERT INTO fact_document (order_key, source, kind, document_key, version, content_hash,
    transaction_date, first_month, load_id)
SELECT order_key, 'bench', 'order', order_id, 1, n, instant, %(begin)s, 0 FROM made;

-- point_analytics_data
INSERT INTO {partition} (order_key, transaction_id, seq, card_id, program_id, partner_id,
    transaction_date, hour, expires_at, company_id, card_key, program_key, customer_key,
    membership_product_key, date, is_first_order, transaction_type, counts_as,
    points_counted, points_amount, balance_after, amount, origin, order_id)
SELECT order_key, order_key, n, card_id, program_id, partner_id, instant, hour,
    instant + interval '180 days', 1, card_key, program_key, customer_key, 0, date, false,
    p.kind, p.kind, p.points, p.points, p.balance, p.points, order_id, order_id
FROM made, LATERAL (
    SELECT CASE WHEN visit < 8 THEN 'earn' ELSE 'redeem' END AS kind,
        CASE WHEN visit < 8 THEN 100 ELSE 400 END AS points,
        CASE WHEN visit < 8 THEN 100 * (visit + 1) ELSE 400 * (9 - visit) END AS balance
) p;

-- promotion_evaluation_data
INSERT INTO {partition} (id, order_key, transaction_date, evaluated_at, hour, company_id,
    program_key, shop_key, customer_key, date, channel, order_kind, outcome, reason)
SELECT order_key * 3 + e.number, order_key, instant, instant, hour, 1, program_key,
    n %% 400 + 1, customer_key, date, 'pos', 'sale', e.outcome,
    CASE e.outcome WHEN 'rejected' THEN 'basket below the minimum' END
FROM made, (VALUES (0, 'applied'), (1, 'eligible'), (2, 'rejected')) e(number, outcome);
