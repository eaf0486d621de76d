{
    "name": "Loyalty Reporting",
    "summary": "Live, exact reports of promotions, memberships and points, "
    "from the loyalty engine to Odoo, ClickHouse and every API",
    "version": "19.0.1.0.0",
    "category": "Sales/Loyalty",
    "author": "Loyalty Reporting contributors",
    "license": "LGPL-3",
    "depends": ["pos_loyalty", "sale_loyalty", "spreadsheet_dashboard"],
    "external_dependencies": {"python": ["simplejson"]},
    "data": [],
    "application": True,
    "installable": True,
}
