from odoo.tests import tagged

from .common import ReportingCase


@tagged("post_install", "-at_install")
class TestDimension(ReportingCase):
    """Programs, shops and customers of the engine, and Odoo's records for them."""

    def customer(self, number):
        return self.env["loyalty.reporting.customer"].browse(
            self.key("customer", number)
        )

    def link(self):
        self.env.flush_all()
        self.env["loyalty.reporting.customer"]._link(self.env.cr)
        self.env.invalidate_all()

    def test_a_customer_is_linked_by_the_reference_of_its_contact(self):
        partner = self.env["res.partner"].create({"name": "Ana", "ref": "900001"})
        customer, other = self.customer(900001), self.customer(900002)
        self.link()
        self.assertEqual(customer.partner_id, partner)
        self.assertEqual(customer.display_name, "Ana")
        self.assertEqual(other.display_name, "Customer 900002")

    def test_a_reference_of_two_contacts_links_nobody(self):
        self.env["res.partner"].create([{"name": n, "ref": "900003"} for n in "AB"])
        customer = self.customer(900003)
        self.link()
        self.assertFalse(customer.partner_id)

    def test_a_link_made_by_hand_is_kept(self):
        by_ref, by_hand = self.env["res.partner"].create(
            [{"name": "Ref", "ref": "900004"}, {"name": "Hand"}]
        )
        customer = self.customer(900004)
        customer.partner_id = by_hand
        self.link()
        self.assertEqual(customer.partner_id, by_hand)

    def test_a_deleted_contact_leaves_its_customer(self):
        partner = self.env["res.partner"].create({"name": "Gone", "ref": "900005"})
        customer = self.customer(900005)
        self.link()
        partner.unlink()
        self.env.invalidate_all()
        self.assertEqual(customer.display_name, "Customer 900005")

    def test_merged_contacts_take_their_customers_along(self):
        kept, merged = self.env["res.partner"].create(
            [{"name": "Kept"}, {"name": "Merged", "ref": "900006"}]
        )
        customer = self.customer(900006)
        self.link()
        wizard = self.env["base.partner.merge.automatic.wizard"].create({})
        wizard._merge((kept | merged).ids, kept)
        self.env.invalidate_all()
        self.assertEqual(customer.partner_id, kept)

    def test_a_customer_whose_contact_is_of_another_company_is_hidden(self):
        theirs = self.customer(900007)
        theirs.partner_id = self.env["res.partner"].create(
            {"name": "Theirs", "company_id": self.companies["b"].id}
        )
        reader = self.env["loyalty.reporting.customer"].with_user(self.user("reader"))
        self.assertFalse(reader.search([("id", "=", theirs.id)]))
        self.assertTrue(reader.search([("id", "=", self.customer(900008).id)]))

    def test_an_inactive_program_can_be_chosen_as_a_filter(self):
        program = self.env["loyalty.reporting.program"].browse(
            self.key("program", "Old")
        )
        self.env.cr.execute(
            "UPDATE loyalty_reporting_program SET active = false WHERE id = %s",
            [program.id],
        )
        field = self.env["promotion.order"]._fields["program_key"]
        found = program.with_context(**field.context).name_search("Old")
        self.assertIn(program.id, [key for key, _name in found])
