-- Odoo keeps no history of a contact's level: a trigger writes this one.
SELECT e.id, e.partner_id, NULL::text AS order_id, e.event_type,
    e.old_grade_id AS from_membership_product_id,
    e.new_grade_id AS to_membership_product_id,
    e.changed_at AS occurred_at, 0 AS version, e.txid, e.company_id
FROM loyalty_reporting_grade_change e
WHERE {event} AND EXISTS (
    SELECT FROM res_company company
    WHERE company.id = coalesce(e.company_id, company.id)
      AND company.loyalty_reporting_system = 'odoo')
