"""A mail for programs that show no HTML."""

from core.exports.plain import plain

MAIL = """
<html><head><title>not shown</title></head><body><table><tr><td>
  <h1>Sales
    of shops</h1>
  <table><thead><tr><th>Total</th><th>Value</th></tr></thead>
    <tbody><tr><td>Amount</td><td>1,240.00&nbsp;USD</td></tr>
      <tr><td>Customers</td><td>3</td></tr></tbody></table>
  <p><img src="cid:x" alt="picture"/></p>
  <p>Here: <a href="https://odoo.example/a">My <b>Exports</b></a></p>
</td></tr></table></body></html>"""


def test_tables_stay_tables_and_links_are_written_out():
    assert plain(MAIL) == (
        "Sales of shops\n\n"
        "Total             Value\n"
        "Amount     1,240.00 USD\n"
        "Customers             3\n\n"
        "Here: My Exports https://odoo.example/a\n"
    )
