"""An answer as a workbook: summary, rows, sections, definitions; in constant memory."""

from .book import questions, write
from .cells import MAX_ROWS

__all__ = ["MAX_ROWS", "questions", "write"]
