-- The memberships that some customers hold at an instant, the highest first.
SELECT i.customer_key, p.external_id, p.name, p.level, p.rank, i.valid_from, i.date_from
FROM membership_interval i
JOIN loyalty_reporting_membership_product p ON p.id = i.membership_product_key
WHERE i.customer_key = ANY(%(customers)s) AND i.company_id = %(company)s
  AND i.valid_from <= %(as_of)s AND i.valid_to > %(as_of)s
ORDER BY p.rank DESC NULLS LAST, i.valid_from, i.customer_key
