import re
from pathlib import Path

from odoo.tests import TransactionCase, tagged
from odoo.tools.translate import PoFileReader, extract_spreadsheet_terms

from ..core.exports.sections import SECTIONS
from ..core.queries import REPORTS
from ..core.queries.base import PREVIOUS

I18N = Path(__file__).parent.parent / "i18n"
FILES = Path(__file__).parent.parent / "data" / "files"
# A text that is translated under another name than _ is found by nobody.
HIDDEN = re.compile(r"translate\(\s*[\"'f]")
PLACEHOLDER = re.compile(r"%\(\w+\)s|%s|</?\w+")


@tagged("post_install", "-at_install")
class TestTranslation(TransactionCase):
    """The addon speaks Indonesian, completely."""

    def terms(self, name):
        """Return {source: translation} of a file."""
        return {row["src"]: row["value"] for row in PoFileReader(str(I18N / name))}

    def test_every_term_is_translated(self):
        translated = self.terms("id.po")
        template = self.terms("loyalty_reporting.pot")
        self.assertGreater(len(template), 250)
        missing = [src for src in template if not translated.get(src)]
        self.assertFalse(missing)

    def test_every_text_of_a_file_is_exported(self):
        template = self.terms("loyalty_reporting.pot")
        texts = {section.title for parts in SECTIONS.values() for section in parts}
        for report in REPORTS.values():
            columns = (c for c in report.columns if not c.name.startswith(PREVIOUS))
            texts |= {report.title, report.description, report.basis}
            texts |= {t for c in columns for t in (c.label, c.definition)}
            texts |= {asked.label for asked in report.filters}
        self.assertFalse([text for text in texts if text not in template])

    def test_every_text_of_a_spreadsheet_dashboard_is_exported(self):
        template = self.terms("loyalty_reporting.pot")
        for path in FILES.glob("*_dashboard.json"):
            with path.open(encoding="utf-8") as file:
                found = {
                    term[2] for term in extract_spreadsheet_terms(file, [], [], {})
                }
            self.assertGreater(len(found), 15)
            self.assertFalse(found - template.keys(), path.name)

    def test_only_what_the_export_of_terms_finds_is_translated(self):
        for path in (Path(__file__).parent.parent / "core" / "exports").rglob("*.py"):
            text = path.read_text(encoding="utf-8")
            self.assertFalse(HIDDEN.findall(text), path)

    def test_placeholders_and_markup_survive(self):
        for source, translation in self.terms("id.po").items():
            self.assertEqual(
                sorted(PLACEHOLDER.findall(source)),
                sorted(PLACEHOLDER.findall(translation)),
                source,
            )
