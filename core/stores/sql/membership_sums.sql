company_id, membership_product_key, date, %(load_id)s, sum(sign),
sum(sign * is_joined::integer), sum(sign * (transactions > 0)::integer),
sum(sign * is_upgraded::integer), sum(sign * is_downgraded::integer),
sum(sign * member_change), sum(sign * transactions), sum(sign * refund_transactions),
sum(sign * spending), sum(sign * gross_spending), sum(sign * points_earned),
sum(sign * points_redeemed), sum(sign * points_expired), sum(sign * points_adjusted)
