"""Which of Odoo's optional modules are here? Their tables and columns tell."""

from dataclasses import dataclass

_OPTIONAL = (
    ("pos_order_line", "sale_order_line_id"),
    ("res_partner", "grade_id"),
    ("sale_order_line", "is_delivery"),
    ("sale_order", "website_id"),
)


@dataclass(frozen=True)
class Features:
    """What there is besides the modules that the addon depends on.

    :ivar settling: sales can be settled in the point of sale (``pos_sale``)
    :ivar grades: contacts have levels (``partnership``)
    :ivar delivery: sales have lines for delivery
    :ivar website: sales may come from a web shop
    """

    settling: bool = False
    grades: bool = False
    delivery: bool = False
    website: bool = False

    @classmethod
    def of(cls, cr):
        """Return those of the database behind a cursor."""
        cr.execute(
            "SELECT table_name, column_name FROM information_schema.columns"
            " WHERE table_schema = current_schema AND (table_name, column_name) IN %s",
            [_OPTIONAL],
        )
        found = set(cr.fetchall())
        return cls(*(column in found for column in _OPTIONAL))
