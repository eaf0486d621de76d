"""How questions arrive and answers leave, without Odoo: REST and its errors."""
