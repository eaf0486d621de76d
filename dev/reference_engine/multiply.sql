-- Copies of the history for large tests. Copy k = 1, 2, ... shifts customers, cards
-- and row ids by k * 10,000,000, gives order ids the suffix "-k" and moves every
-- instant (k mod 16) * 364 days into the past: the same weekday, and never before the
-- year 2002, so that a very large multiple fills 16 years rather than a century.
-- Programs, membership products, stores and products are shared; the programs'
-- validity stays what it is. Runs with TimeZone UTC: 364 days are 364 * 24 hours.

CREATE TEMPORARY TABLE history_copy ON COMMIT DROP AS
SELECT k * 10000000::bigint AS id_shift,
    '-' || k AS suffix,
    mod(k, 16) * interval '364 days' AS age
FROM generate_series(1, %(copies)s) AS k;

INSERT INTO engine.processed_order (id, partner_id, store_id, channel, cashier_id,
    ordered_at, amount_total, currency, is_first_order, state, refund_of, company_id)
SELECT id || suffix, partner_id + id_shift, store_id, channel, cashier_id,
    ordered_at - age, amount_total, currency, is_first_order, state,
    refund_of || suffix, company_id
FROM engine.processed_order, history_copy;

INSERT INTO engine.order_promotion_line (id, order_id, line_no, program_id, product_id,
    qty, amount, discount, points_earned, points_redeemed)
SELECT id + id_shift, order_id || suffix, line_no, program_id, product_id,
    qty, amount, discount, points_earned, points_redeemed
FROM engine.order_promotion_line, history_copy;

INSERT INTO engine.promotion_evaluation (id, order_id, program_id, partner_id,
    evaluated_at, outcome, reason)
SELECT id + id_shift, order_id || suffix, program_id,
    partner_id + id_shift, evaluated_at - age,
    outcome, reason
FROM engine.promotion_evaluation, history_copy;

INSERT INTO engine.membership_event (id, partner_id, order_id, event_type,
    from_membership_product_id, to_membership_product_id, occurred_at)
SELECT id + id_shift, partner_id + id_shift,
    order_id || suffix, event_type, from_membership_product_id,
    to_membership_product_id, occurred_at - age
FROM engine.membership_event, history_copy;

INSERT INTO engine.point_card (id, program_id, partner_id, membership_product_id, active)
SELECT id + id_shift, program_id, partner_id + id_shift,
    membership_product_id, active
FROM engine.point_card, history_copy;

INSERT INTO engine.point_transaction (id, seq, card_id, partner_id, program_id,
    transaction_type, points_amount, balance_after, occurred_at, expires_at, origin,
    order_id, reverses_id)
SELECT id + id_shift, seq, card_id + id_shift,
    partner_id + id_shift, program_id, transaction_type, points_amount,
    balance_after, occurred_at - age,
    expires_at - age, origin || suffix, order_id || suffix,
    reverses_id + id_shift
FROM engine.point_transaction, history_copy;
