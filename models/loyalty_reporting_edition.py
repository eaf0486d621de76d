from odoo import api, models
from odoo.fields import Datetime
from odoo.tools import babel_locale_parse
from odoo.tools.translate import code_translations

from ..core.exports import words
from ..core.exports.edition import Edition, day_format, time_format
from ..core.queries.members import names_of
from ..core.queries.params import has_mark

MODULE = "loyalty_reporting"
# In the context: the language of a file that is not made in its reader's own.
LANGUAGE = "loyalty_reporting_lang"


class LoyaltyReportingReader(models.AbstractModel):
    """How a file is made for the user who asks: in which language, in whose name."""

    _inherit = "loyalty.reporting.reader"

    @api.model
    def _edition(self, query, given):
        """Return the :class:`core.exports.edition.Edition` of a question.

        :param given: its parameters, as for :meth:`_query`
        """
        lang = self.env["res.lang"]._get_data(code=self._lang())
        company = self.env["res.company"].sudo().browse(query.company.id)
        return Edition(
            translate=self._translate(),
            company=company.name,
            author=self.env.user.name,
            made_at=Datetime.now(),
            day=day_format(lang.date_format or ""),
            time=time_format(lang.time_format or ""),
            is_rtl=lang.direction == "rtl",
            names=names_of(query, self.env.cr),
            has_mark=has_mark(given),
            locale=babel_locale_parse(lang.code or "en_US"),
        )

    @api.model
    def _told(self, query, given):
        """Return a question in words, for the user."""
        return words.told(query, self._edition(query, given))

    @api.model
    def _translate(self):
        """Return the function from texts of ``core`` to the user's language."""
        known = code_translations.get_python_translations(MODULE, self._lang())
        return lambda text: known.get(text) or text

    @api.model
    def _lang(self):
        """Return the language of what is read: the context's, else the user's."""
        return self.env.context.get(LANGUAGE) or self.env.user.lang or "en_US"
