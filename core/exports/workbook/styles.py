"""What the cells of a workbook look like."""

from ...queries.base import Kind, Unit

DARK, LIGHT, LINE, MUTED = "#714B67", "#F4EFF3", "#D8CCD5", "#6B6470"
COLOURS = (DARK, "#1F9E89", "#E0A030", "#4A6FA5")
_NUMBERS = {
    Unit.COUNT: "#,##0",
    Unit.QUANTITY: "#,##0.####",
    Unit.POINTS: "#,##0.00",
    Unit.RATIO: "0.0%",
    Kind.POINTS: "#,##0.00",
    Kind.INTEGER: "0",
    Kind.TEXT: "@",
    Kind.BOOLEAN: "General",
}
_TEXTS = (Kind.TEXT, Kind.BOOLEAN)
_WIDTHS = {Kind.INTEGER: 12, Kind.DATE: 12, Kind.INSTANT: 20, Unit.RATIO: 12}
_WIDEST, _NARROWEST = 46, 10


class Styles:
    """The formats of a workbook.

    :param book: of XlsxWriter
    :param query: whose company's currency has some digits
    :param edition: :class:`~core.exports.edition.Edition`
    """

    def __init__(self, book, query, edition):
        decimals = "." + "0" * query.company.digits if query.company.digits else ""
        self._numbers = {
            **_NUMBERS,
            Unit.MONEY: f"#,##0{decimals}",
            Kind.MONEY: f"#,##0{decimals}",
            Kind.DATE: edition.day,
            Kind.INSTANT: f"{edition.day} {edition.time}",
        }
        self._book, self._made = book, {}
        self.title = self.of(bold=True, font_size=20, font_color="white", bg_color=DARK)
        self.subtitle = self.of(font_size=11, font_color="white", bg_color=DARK)
        self.note = self.of(font_color=MUTED, italic=True, text_wrap=True, valign="top")
        self.head = self.of(**_HEAD)
        self.number_head = self.of(**_HEAD, align="right")
        self.heading = self.of(bold=True, font_size=13, font_color=DARK)
        self.label = self.of(font_color=MUTED, valign="top", **_LINED)
        self.text = self.of(text_wrap=True, valign="top", align="left", **_LINED)
        self.change = self.of(num_format="+0.0%;[Red]-0.0%;0.0%", **_LINED)
        self.points = self.of(
            num_format='+0.0" pp";[Red]-0.0" pp";0.0" pp"', **_LINED
        )  # fmt: skip

    def of(self, **properties):
        """Return a format; equal ones are one."""
        key = tuple(sorted(properties.items()))
        if key not in self._made:
            self._made[key] = self._book.add_format(properties)
        return self._made[key]

    def value(self, kind, **more):
        """Return the format of values of a kind or unit."""
        align = {"align": "left"} if kind in (Kind.DATE, Kind.INSTANT) else {}
        return self.of(num_format=self._numbers[kind], **align, **more)

    def fact(self, kind, **more):
        """Return the format of a value on the summary."""
        return self.value(kind, **_LINED, **more)

    def total(self, kind):
        """Return the format of a total."""
        return self.value(kind, bold=True, bg_color=LIGHT, top=1, top_color=DARK)


_LINED = {"bottom": 1, "bottom_color": LINE}
_HEAD = {
    "bold": True, "font_color": "white", "bg_color": DARK, "text_wrap": True,
    "valign": "vcenter", "border": 1, "border_color": LINE,
}  # fmt: skip


def width(kind, label, values):
    """Return how wide a column is, by what is known of its values.

    :param values: some of them, of which none is None
    """
    longest = max((len(line) for line in label.split()), default=0) + 4
    if kind in _TEXTS:
        longest = max([longest, *(len(str(value)) + 2 for value in values)])
    else:
        counted = () if kind in _WIDTHS else values
        shown = (len(f"{value:,}") + 3 for value in counted)
        longest = max([longest, _WIDTHS.get(kind, 13), *shown])
    return min(max(longest, _NARROWEST), _WIDEST)
