-- Lines and evaluations of the accepted documents, as rows of the detail tables
-- {detail} and {evaluation}.

INSERT INTO {evaluation} (id, order_key, transaction_date, evaluated_at, hour,
    company_id, program_key, shop_key, customer_key, date, channel, order_kind,
    outcome, reason)
SELECT e.id, d.order_key, coalesce(d.transaction_date, t.utc), t.utc,
    coalesce(d.hour, loyalty_reporting_hour(t.utc, d.timezone)),
    d.company_id, p.id, d.shop_key, d.customer_key,
    coalesce(d.date, t.local_time::date), d.channel, d.state, e.outcome, e.reason
FROM stage_evaluation e
JOIN stage_document d
    ON d.document_key = e.order_id AND d.kind = 'order'
    AND d.state IN ('sale', 'refund', 'basket')
JOIN loyalty_reporting_program p
    ON p.source = %(source)s AND p.external_id = e.program_id
CROSS JOIN LATERAL (
    SELECT e.evaluated_at AT TIME ZONE 'UTC' AS utc,
           e.evaluated_at AT TIME ZONE d.timezone AS local_time) t
WHERE e.id IS NOT NULL
  AND e.outcome IN ('applied', 'eligible', 'rejected')
  AND loyalty_reporting_is_instant(e.evaluated_at);

INSERT INTO {detail} (id, order_key, line_id, program_id, partner_id, product_id,
    transaction_date, hour, company_id, program_key, shop_key, customer_key, date,
    is_refund, order_id, channel, qty, amount, discount, points_earned,
    points_redeemed, currency, currency_rate, currency_amount, currency_discount)
SELECT nextval('promotion_report_detail_id_seq'), d.order_key, l.id, l.program_id,
    d.partner_id, l.product_id, d.transaction_date, d.hour, d.company_id, p.id,
    d.shop_key, d.customer_key, d.date, d.state = 'refund', d.document_key, d.channel,
    l.qty,
    CASE WHEN d.currency IS NULL THEN l.amount
         ELSE round(l.amount * d.currency_rate, 4) END,
    CASE WHEN d.currency IS NULL THEN l.discount
         ELSE round(l.discount * d.currency_rate, 4) END,
    l.points_earned, l.points_redeemed, d.currency, d.currency_rate,
    CASE WHEN d.currency IS NOT NULL THEN l.amount END,
    CASE WHEN d.currency IS NOT NULL THEN l.discount END
FROM stage_line l
JOIN stage_document d
    ON d.document_key = l.order_id AND d.kind = 'order' AND d.state IN ('sale', 'refund')
JOIN loyalty_reporting_program p
    ON p.source = %(source)s AND p.external_id = l.program_id
WHERE l.id IS NOT NULL
  AND loyalty_reporting_fits(l.qty)
  AND loyalty_reporting_fits(l.amount)
  AND loyalty_reporting_fits(l.discount)
  AND loyalty_reporting_fits(l.points_earned)
  AND loyalty_reporting_fits(l.points_redeemed)
  AND (d.currency IS NULL
       OR round(greatest(abs(l.amount), abs(l.discount)) * d.currency_rate, 4) < 1e14);
