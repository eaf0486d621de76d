"""Where one customer stands: points, level, spend; fast enough for a counter.

``question`` → ``reading`` (SQL files, each reading only this customer's rows through
indexes) → ``records`` → ``document``. Who may ask is decided by the caller.
"""
