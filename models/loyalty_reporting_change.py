"""Odoo as a source: what watches its tables, and what that needs of our models."""

from odoo import api, models
from odoo.tools import SQL

from ..core.sources.odoo import triggers
from ..core.sources.odoo.features import Features
from ..core.sources.odoo.queries import Queries

# Writers of Odoo's tables must not queue behind us: rather try again later.
PATIENCE = "SET LOCAL lock_timeout = '5s'"
SOURCES = """
    SELECT s.code, (c.position ->> 'low')::bigint, (c.position ->> 'high')::bigint
    FROM loyalty_reporting_source s
    LEFT JOIN loyalty_reporting_cursor c ON c.source_name = s.code
    WHERE s.active AND s.type = 'odoo'
"""
PRUNE = "DELETE FROM loyalty_reporting_change WHERE txid < %s::text::xid8"
# What Odoo's own records are called there, they are called here.
LINKS = (
    """
    UPDATE loyalty_reporting_program p SET odoo_program_id = o.id
    FROM loyalty_program o
    WHERE p.source = 'odoo' AND o.id = p.external_id AND p.odoo_program_id IS NULL
    """,
    """
    UPDATE loyalty_reporting_shop s SET config_id = c.id, name = c.name
    FROM pos_config c
    WHERE s.source = 'odoo' AND c.id = s.external_id
      AND (s.config_id, s.name) IS DISTINCT FROM (c.id, c.name::text)
    """,
    """
    UPDATE loyalty_reporting_customer c SET partner_id = p.id
    FROM res_partner p
    WHERE c.source = 'odoo' AND p.id = c.external_id AND c.partner_id IS NULL
    """,
)


class LoyaltyReportingChange(models.AbstractModel):
    """Triggers on Odoo's tables: there as long as a source of type "odoo" is read."""

    _name = "loyalty.reporting.change"
    _description = "Loyalty Reporting: changes of Odoo's tables"

    def init(self):
        """Renew what is there, at an update of the addon."""
        self.env.cr.execute("SELECT to_regclass('loyalty_reporting_source')")
        if self.env.cr.fetchone()[0]:
            self._watch(renew=True)

    @api.model
    def _watch(self, renew=False):
        """Have the triggers where Odoo is read, and none elsewhere.

        :param renew: also those that are there; all is then compared by key
        """
        cr = self.env.cr
        features = Features.of(cr)
        if not self._is_read():
            triggers.remove(cr)
        elif renew or triggers.missing(cr, features):
            cr.execute(PATIENCE)
            triggers.install(cr, features)
            cr.execute("SET LOCAL lock_timeout = DEFAULT")

    @api.model
    def _is_read(self):
        self.env["loyalty.reporting.source"].flush_model(["active", "type"])
        return bool(self.env.execute_query(SQL(SOURCES)))

    @api.model
    def _prune(self):
        """Forget the notes that every source of type "odoo" has read."""
        self.env["loyalty.reporting.source"].flush_model(["active", "type", "code"])
        positions = self.env.execute_query(SQL(SOURCES))
        # Before its first run, a source has no position; what it then reads includes
        # whatever was noted before. In a comparison by key, only `high` is known.
        reached = [low or high for _code, low, high in positions]
        if reached and all(reached):
            self.env.cr.execute(PRUNE, [str(min(reached))])

    @api.autovacuum
    def _gc_changes(self):
        """Remove triggers that a copied or neutralized database has left."""
        self._watch()

    @api.model
    def _card_differences(self, cards=None):
        """Return the cards whose points are not what their history says.

        :param cards: only these ``loyalty.card``; all by default
        :return: dicts with ``card_id``, ``program_id``, ``partner_id``, ``company_id``,
            ``points`` (of the card), ``ledger`` (closing balance of its history) and
            ``difference`` (points − ledger), numbers as exact text
        """
        self.env["loyalty.card"].flush_model()
        self.env["loyalty.history"].flush_model()
        chosen = "true" if cards is None else "k.id = ANY(%(cards)s)"
        values = {"cards": cards.ids if cards else []}
        self.env.cr.execute("SET LOCAL enable_nestloop = off")
        self.env.cr.execute(SQL(Queries.card_differences(chosen), **values))
        found = self.env.cr.dictfetchall()
        self.env.cr.execute("SET LOCAL enable_nestloop = on")
        return found


class LoyaltyReportingSource(models.Model):
    _inherit = "loyalty.reporting.source"

    @api.model_create_multi
    def create(self, vals_list):
        sources = super().create(vals_list)
        if "odoo" in sources.filtered("active").mapped("type"):
            sources._begin()
        return sources

    def write(self, vals):
        before = self.sudo().filtered("active").with_env(self.env)
        result = super().write(vals)
        if {"active", "type"} & vals.keys():
            begun = (self - before).filtered(lambda s: s.active and s.type == "odoo")
            begun._begin()
            self.env["loyalty.reporting.change"]._watch()
        return result

    def unlink(self):
        result = super().unlink()
        self.env["loyalty.reporting.change"]._watch()
        return result

    def _begin(self):
        """Note Odoo's changes from now on."""
        if self:
            self.env["res.company"]._propose_odoo()
            self.env["loyalty.reporting.change"]._watch()


class LoyaltyReportingCompanyMap(models.Model):
    _inherit = "loyalty.reporting.company.map"

    @api.model_create_multi
    def create(self, vals_list):
        lines = super().create(vals_list)
        self.env["res.company"]._propose_engine()
        return lines


class LoyaltyReportingPipeline(models.AbstractModel):
    _inherit = "loyalty.reporting.pipeline"

    @api.model
    def _sync(self, source, seconds=None):
        """See that all changes are noted, before; forget those that were read, after."""
        if source.type != "odoo":
            return super()._sync(source, seconds)
        with self.env.registry.cursor() as cr:
            # Another module may have been installed meanwhile.
            self.with_env(self.env(cr=cr)).env["loyalty.reporting.change"]._watch()
        result = super()._sync(source, seconds)
        with self.env.registry.cursor() as cr:
            self.with_env(self.env(cr=cr)).env["loyalty.reporting.change"]._prune()
        return result


class LoyaltyReportingCustomer(models.Model):
    _inherit = "loyalty.reporting.customer"

    @api.model
    def _link(self, cr):
        """Point Odoo's own programs, shops and customers to their records."""
        for statement in LINKS:
            cr.execute(SQL(statement))
        return super()._link(cr)
