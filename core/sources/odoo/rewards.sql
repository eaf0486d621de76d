-- What each reward took off an order, and from which of its lines.
reward_use AS (
    SELECT l.key, l.digits, r.id AS reward_id, r.program_id, r.reward_type,
        r.discount_applicability, r.reward_product_id, r.reward_product_tag_id,
        r.discount_product_category_id, r.discount_product_tag_id,
        a.id IS NOT NULL AS is_account, coalesce(a.pays, false) AS pays,
        sum(-l.amount) AS value
    FROM odoo_line l
    JOIN loyalty_reward r ON r.id = l.reward_id
    LEFT JOIN account_program a ON a.id = r.program_id
    WHERE l.given IS NULL
    GROUP BY l.key, l.digits, r.id, a.id, a.pays
    HAVING sum(-l.amount) <> 0
),
candidate AS (
    SELECT u.*, l.id AS line_id, l.price_unit,
        greatest(l.amount * sign(u.value), 0) AS amount,
        coalesce(CASE
            WHEN u.reward_type = 'product' THEN
                l.product_id = u.reward_product_id OR EXISTS (
                    SELECT FROM product_tag_product_template_rel t
                    WHERE t.product_tag_id = u.reward_product_tag_id
                      AND t.product_template_id = p.product_tmpl_id)
                OR EXISTS (
                    SELECT FROM product_tag_product_product_rel t
                    WHERE t.product_tag_id = u.reward_product_tag_id
                      AND t.product_product_id = p.id)
            WHEN u.discount_applicability = 'order' THEN NOT l.is_delivery
            ELSE
                u.discount_product_category_id IS NULL
                AND u.discount_product_tag_id IS NULL
                AND NOT EXISTS (
                    SELECT FROM loyalty_reward_product_product_rel s
                    WHERE s.loyalty_reward_id = u.reward_id)
                OR EXISTS (
                    SELECT FROM loyalty_reward_product_product_rel s
                    WHERE s.loyalty_reward_id = u.reward_id
                      AND s.product_product_id = p.id)
                OR EXISTS (
                    SELECT FROM product_category own, product_category above
                    WHERE own.id = template.categ_id
                      AND above.id = u.discount_product_category_id
                      AND own.parent_path LIKE above.parent_path || '%')
                OR EXISTS (
                    SELECT FROM product_tag_product_template_rel t
                    WHERE t.product_tag_id = u.discount_product_tag_id
                      AND t.product_template_id = p.product_tmpl_id)
                OR EXISTS (
                    SELECT FROM product_tag_product_product_rel t
                    WHERE t.product_tag_id = u.discount_product_tag_id
                      AND t.product_product_id = p.id)
        END, false) AS fits
    FROM reward_use u
    JOIN odoo_line l ON l.key = u.key AND l.reward_id IS NULL
    LEFT JOIN product_product p ON p.id = l.product_id
    LEFT JOIN product_template template ON template.id = p.product_tmpl_id
    WHERE NOT u.pays
),
ranked AS (
    SELECT c.*, c.fits AND c.amount > 0 AND (
        c.reward_type = 'product' OR c.discount_applicability <> 'cheapest'
        OR row_number() OVER (
            PARTITION BY c.key, c.reward_id
            ORDER BY c.fits AND c.amount > 0 DESC, c.price_unit, c.line_id) = 1) AS applies
    FROM candidate c
),
-- Where no line fits (any more), all of them bear it.
weighed AS (
    SELECT r.*, CASE WHEN applies OR NOT bool_or(applies) OVER (
            PARTITION BY key, reward_id) THEN amount ELSE 0 END AS weight
    FROM ranked r
),
-- Each line's share ends where the next one begins: the sum is exact to the cent.
share AS MATERIALIZED (
    SELECT key, reward_id, program_id, is_account, line_id,
        round(value * upto / total, digits) - round(value * (upto - weight) / total, digits)
            AS discount
    FROM (
        SELECT w.*, sum(weight) OVER (PARTITION BY key, reward_id) AS total,
            sum(weight) OVER (PARTITION BY key, reward_id ORDER BY line_id) AS upto
        FROM weighed w
    ) summed
    WHERE weight > 0
),
-- What was paid for each line, by whatever means: rewards are off, a gift card is a
-- means of payment.
paid AS (
    SELECT l.model, l.key, l.order_id, l.id AS line_id, l.product_id, l.qty,
        l.amount - coalesce(s.discount, 0) AS amount
    FROM odoo_line l
    LEFT JOIN (
        SELECT key, line_id, sum(discount) AS discount
        FROM share GROUP BY key, line_id) s
        ON s.key = l.key AND s.line_id = l.id
    WHERE l.reward_id IS NULL
)
