import re
from pathlib import Path

from odoo.tests import TransactionCase, tagged
from odoo.tools.translate import PoFileReader

I18N = Path(__file__).parent.parent / "i18n"
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

    def test_placeholders_and_markup_survive(self):
        for source, translation in self.terms("id.po").items():
            self.assertEqual(
                sorted(PLACEHOLDER.findall(source)),
                sorted(PLACEHOLDER.findall(translation)),
                source,
            )
