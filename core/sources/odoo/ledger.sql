-- The history of the cards in touched_card, with the balance after each row.
numbered AS (
    SELECT h.id, h.card_id, h.order_model, nullif(h.order_id, 0) AS order_id,
        h.create_date, h.create_date AT TIME ZONE 'UTC' AS booked_at,
        round(coalesce(h.issued, 0)::numeric, 4) AS issued,
        round(coalesce(h.used, 0)::numeric, 4) AS used,
        k.partner_id, k.expiration_date, k.program_id, p.program_type, p.company_id,
        row_number() OVER card AS position,
        count(nullif(h.order_id, 0)) OVER card AS orders,
        max(h.id) FILTER (WHERE h.order_model = 'pos.order' AND h.order_id <> 0)
            OVER (PARTITION BY h.card_id, h.create_date) AS order_row
    FROM loyalty_history h
    JOIN loyalty_card k ON k.id = h.card_id
    JOIN account_program p ON p.id = k.program_id
    WHERE h.card_id = ANY(ARRAY(SELECT card_id FROM touched_card))
      AND k.id = ANY(ARRAY(SELECT card_id FROM touched_card))
    WINDOW card AS (PARTITION BY h.card_id ORDER BY h.id)
),
-- Rows of a gift card that only repeat its balance: written by the point of sale when it
-- ties the card to its first order, and when it gives the card to a customer (in the
-- same transaction as a row with an order).
assigned AS (
    SELECT n.*, coalesce(program_type = 'gift_card' AND position > 1 AND used = 0
        AND order_model = 'pos.order' AND order_id IS NOT NULL AND orders = 1, false)
        AS ties_order
    FROM numbered n
),
judged AS (
    SELECT a.*, ties_order OR coalesce(
        program_type = 'gift_card' AND position > 1 AND used = 0 AND order_id IS NULL
        AND order_row > id AND issued = sum(issued - used)
            FILTER (WHERE NOT ties_order) OVER (
                PARTITION BY card_id ORDER BY id
                ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), false) AS repeats
    FROM assigned a
),
history AS MATERIALIZED (
    SELECT j.*, issued - used AS net,
        sum(issued - used) OVER (PARTITION BY card_id ORDER BY booked_at, id) AS balance,
        row_number() OVER (PARTITION BY order_model, order_id, card_id ORDER BY id DESC)
            = 1 AS is_last
    FROM judged j
    WHERE NOT repeats
)
