"""The spreadsheet dashboards under ``data/files/``, made of what is declared here.

``promotions.py``, ``membership.py`` and ``points.py`` say what each shows (``parts.py``);
``workbook.py`` and ``figures.py`` write that as o-spreadsheet reads it, once over Odoo's
models (``live.py``) and once over sample figures (``sample.py``).
"""
