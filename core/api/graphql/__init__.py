"""GraphQL over the registry of reports, without Odoo and without HTTP.

``execution.execute`` answers a document; what it answers is in ``schema.py``, built once
a process from the reports that are declared in ``core/queries``. The name of this package
is that of the library, which only modules in here import.
"""
