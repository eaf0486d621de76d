"""An answer as a workbook: summary, rows, sections, definitions; in constant memory."""

from .book import check_room, questions, write
from .cells import MAX_ROWS

__all__ = ["MAX_ROWS", "check_room", "questions", "write"]
