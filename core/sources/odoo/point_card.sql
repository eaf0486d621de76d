SELECT k.id, k.program_id, k.partner_id, {grade} AS membership_product_id, k.active,
    0 AS version, NULL::xid8 AS txid
FROM loyalty_card k
JOIN loyalty_program p ON p.id = k.program_id
LEFT JOIN res_partner partner ON partner.id = k.partner_id
WHERE (p.program_type IN ('loyalty', 'gift_card', 'ewallet') OR p.applies_on = 'both')
  AND {card}
