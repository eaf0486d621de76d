"""Reconciliation: does every store hold what it must, and how is it put right?

Three comparisons, each in one snapshot of either side, month by month:

* ``source``: what the source holds now, sent through the ordinary transformation but
  not loaded, against the detail in PostgreSQL (``of_source.py``);
* ``rollup``: what follows from the detail, computed from scratch, against the order
  grain, the rollups and the state (``of_rollups.py``);
* ``clickhouse``: what PostgreSQL ships against what ClickHouse holds (``of_copy.py``).

Besides, what a source delivered is compared with our own computation of it
(``delivered``: first orders, balances of cards, and what a source itself reports):
that is told, never repaired (``as_delivered.py``).

A day is the business day in the company's zone, as it is stored with every row. Facts
are read by the UTC month of their instant, as they are partitioned, rollups by the
month of their day. A day's rows are compared by count, sums and a checksum that does
not depend on their order; only days that differ are looked at row by row.
"""
