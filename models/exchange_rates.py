"""Odoo's exchange rates as the pipeline wants them."""

# Odoo stores how many units of a currency one unit of the base currency buys. Of
# each other currency, on each day on which it or the company's own changed: how
# many units of the company's currency one unit is worth, as text: Odoo's cursor
# makes floats of numbers. Rates of the company's
# root win over shared ones, as everywhere in Odoo.
RATES = """
    WITH RECURSIVE root AS (
        SELECT id, id AS root_id, currency_id FROM res_company WHERE parent_id IS NULL
        UNION ALL
        SELECT c.id, root.root_id, c.currency_id
        FROM res_company c JOIN root ON root.id = c.parent_id
    ), day AS (
        SELECT DISTINCT root.id AS company_id, root.root_id, root.currency_id AS own,
               foreign_currency.id AS currency_id, foreign_currency.name, r.name AS day
        FROM root
        JOIN res_currency foreign_currency ON foreign_currency.id <> root.currency_id
        JOIN res_currency_rate r
            ON r.currency_id IN (root.currency_id, foreign_currency.id)
            AND (r.company_id IS NULL OR r.company_id = root.root_id)
    )
    SELECT day.company_id, day.name, day.day,
           (coalesce(own.rate, 1) / there.rate)::text
    FROM day
    JOIN LATERAL (
        SELECT r.rate FROM res_currency_rate r
        WHERE r.currency_id = day.currency_id AND r.name <= day.day
          AND (r.company_id IS NULL OR r.company_id = day.root_id)
        ORDER BY r.company_id, r.name DESC LIMIT 1) there ON there.rate > 0
    LEFT JOIN LATERAL (
        SELECT r.rate FROM res_currency_rate r
        WHERE r.currency_id = day.own AND r.name <= day.day
          AND (r.company_id IS NULL OR r.company_id = day.root_id)
        ORDER BY r.company_id, r.name DESC LIMIT 1) own ON own.rate > 0
    ORDER BY 1, 2, 3
"""
