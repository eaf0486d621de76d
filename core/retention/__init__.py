"""Months of detail that leave the database for an archive, and come back from it."""
