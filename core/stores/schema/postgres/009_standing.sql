-- The standing of one customer: its rows are found by indexes, and what spend the next
-- level asks for is told in Odoo. Loads write neither of the two columns.

-- {company: amount in its currency}, {company: days}: as Odoo stores what depends on
-- the company.
ALTER TABLE loyalty_reporting_membership_product ADD threshold jsonb;
ALTER TABLE loyalty_reporting_membership_product ADD threshold_days jsonb;

CREATE INDEX loyalty_reporting_customer_external_idx
    ON loyalty_reporting_customer (external_id);
CREATE INDEX loyalty_reporting_card_partner_idx
    ON loyalty_reporting_card (partner_id, source);
-- A card's last redemptions, among thousands of rows of other types.
CREATE INDEX point_analytics_redeem_idx
    ON point_analytics_data (card_key, transaction_date)
    WHERE transaction_type = 'redeem';
