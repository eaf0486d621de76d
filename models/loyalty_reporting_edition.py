from odoo import api, models
from odoo.fields import Datetime
from odoo.tools.translate import code_translations

from ..core.exports.edition import Edition, day_format, time_format
from ..core.queries.members import names_of
from ..core.queries.params import has_mark

MODULE = "loyalty_reporting"


class LoyaltyReportingReader(models.AbstractModel):
    """How a file is made for the user who asks: in which language, in whose name."""

    _inherit = "loyalty.reporting.reader"

    @api.model
    def _edition(self, query, given):
        """Return the :class:`core.exports.edition.Edition` of a question.

        :param given: its parameters, as for :meth:`_query`
        """
        lang = self.env["res.lang"]._get_data(code=self.env.user.lang or "en_US")
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
        )

    @api.model
    def _translate(self):
        """Return the function from texts of ``core`` to the user's language."""
        lang = self.env.user.lang or "en_US"
        known = code_translations.get_python_translations(MODULE, lang)
        return lambda text: known.get(text) or text
