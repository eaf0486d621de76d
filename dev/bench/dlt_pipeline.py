"""A pipeline as dlt's documentation makes it, run by an interpreter that has dlt.

Arguments: backend, folder for its files, URL of the engine, URL of an empty database,
tables. Prints the seconds until all was extracted, and until all was in tables.
"""

import sys
import time

import dlt
from dlt.sources.sql_database import sql_database


def main(backend, folder, engine, report, *tables):
    """Extract, normalize and load the tables."""
    driver = engine.replace("postgresql://", "postgresql+psycopg2://", 1)
    source = sql_database(
        driver, schema="engine", table_names=list(tables), backend=backend
    )
    pipeline = dlt.pipeline(
        "bench",
        pipelines_dir=folder,
        destination=dlt.destinations.postgres(report),
        dataset_name="facts",
    )
    started = time.perf_counter()
    pipeline.extract(source)
    extracted = time.perf_counter() - started
    pipeline.normalize()
    pipeline.load()
    print(extracted, time.perf_counter() - started)


if __name__ == "__main__":
    main(*sys.argv[1:])
