-- Rows of the ledger at the membership that was held then; a reverse counts in the
-- type of the row that it reverses, on the same card.
SELECT {columns}
FROM (
    SELECT o.*, coalesce(i.membership_product_key, 0) AS held,
        CASE WHEN o.transaction_type <> 'reverse' THEN o.transaction_type
             ELSE coalesce((
                SELECT r.transaction_type FROM point_analytics_data r
                WHERE r.card_key = o.card_key AND r.transaction_id = o.reverses_id
                  AND r.transaction_type <> 'reverse' LIMIT 1),
                -- It may be archived: then the row stays as it was resolved.
                CASE WHEN EXISTS (SELECT FROM archived_month) THEN o.counts_as END,
                'adjust') END AS kind
    FROM point_analytics_data o
    LEFT JOIN membership_interval i
        ON i.customer_key = o.customer_key AND i.company_id = o.company_id
       AND i.valid_from <= o.transaction_date AND i.valid_to > o.transaction_date
    WHERE o.transaction_date >= %(first)s AND o.transaction_date < %(following)s
) o
