from odoo.tests import tagged

from .common import Fact
from .members import MembersCase


@tagged("post_install", "-at_install")
class TestOrderLink(MembersCase):
    """A fact of Odoo's own leads to its order, for those who may read that."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        company = cls.companies["a"]
        partner = cls.env["res.partner"].create({"name": "Ana"})
        cls.order = cls.env["sale.order"].create(
            {"partner_id": partner.id, "company_id": company.id}
        )
        cls.reader = cls.user("reader")
        cls.seller = cls.user("seller")
        cls.seller.group_ids |= cls.env.ref("sales_team.group_sale_salesman_all_leads")
        name = f"sale.order,{cls.order.id}"
        cls.booked = cls.book(1, "2024-01-10", "earn", 10, 10, order_id=name)
        cls.document(cls.booked, name)
        cls.add(Fact("1", "2024-01-10", "Spring", lines=(("1", "0"),)))
        cls.document(cls._orders["1"], name, "other")

    @classmethod
    def document(cls, key, name, source="odoo"):
        cls._insert(
            "fact_document",
            {
                "order_key": key,
                "source": source,
                "kind": "order",
                "document_key": name,
                "version": 0,
                "content_hash": 0,
                "first_month": "2024-01-01",
                "load_id": 1,
            },
        )

    def row(self, user):
        return self.env["point.analytics"].with_user(user).search([])

    def test_who_may_read_the_order_opens_it_and_sees_its_name(self):
        row = self.row(self.seller)
        self.assertEqual(row.order_name, self.order.display_name)
        action = row.action_open_order()
        self.assertEqual(
            (action["res_model"], action["res_id"]), ("sale.order", self.order.id)
        )

    def test_others_see_its_number_and_no_button(self):
        row = self.row(self.reader)
        self.assertFalse(row.order_record)
        self.assertEqual(row.order_name, f"sale.order,{self.order.id}")

    def test_an_order_that_is_gone_is_no_link(self):
        self.order.unlink()
        self.assertFalse(self.row(self.seller).order_record)

    def test_another_system_s_order_of_the_same_name_is_no_link(self):
        row = self.env["promotion.order"].with_user(self.seller).search([])
        self.assertEqual(len(row), 1)
        self.assertFalse(row.order_record)
        self.env.cr.execute(
            "UPDATE fact_document SET source = 'odoo', document_key = %s || '00'"
            " WHERE order_key = %s",
            [f"sale.order,{self.order.id}", self._orders["1"]],
        )
        self.assertFalse(row.order_record)
