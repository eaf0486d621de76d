"""The statements of API.md, as an analyst writes them: the text is the contract's."""

import re
from pathlib import Path

import databases

FILE = Path(__file__).with_name("sql_statements.sql")
CONTRACT = Path("/work/shared/API.md")
STATEMENTS = FILE.read_text(encoding="utf-8").strip().split("\n\n")


def run(report, number, **asked):
    """Rows of the first, second or third statement."""
    asked.setdefault("program_id", None)
    asked.setdefault("partner_id", None)
    statement = re.sub(r":(\w+)", r"%(\1)s", STATEMENTS[number - 1])
    return databases.dicts(report, statement, asked)


def words(text):
    """A text with its white space as single blanks."""
    return " ".join(text.split())
