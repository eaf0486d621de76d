"""The SQL that presents Odoo's own tables in the shape of the engine's contract."""
