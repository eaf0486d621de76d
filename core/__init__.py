"""The data path of Loyalty Reporting, without Odoo.

Read the folders in this order and you have followed a fact from the engine to a
report: ``sources`` → ``transform`` → ``stores`` → ``queries`` → ``exports``, ``api``.
``sync.py`` runs one batch along that road.
"""
