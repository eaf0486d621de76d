"""The files that a report can be had as."""

from ..api.rest import CSV, NDJSON
from .text import csv_blocks, json_blocks

# Function (query, rows) → blocks of bytes, of what is written as it is read.
BLOCKS = {CSV: csv_blocks, NDJSON: json_blocks}


def name_of(query, file_format):
    """Return what a file is called."""
    slug = query.report.slug.replace("/", "_")
    return f"{slug}_{query.date_from}_{query.date_to}.{file_format}"
