"""The days of the demo's shop, one after the other. The same days each time."""

from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from random import Random
from zoneinfo import ZoneInfo

from . import catalogue
from .basket import Basket
from .catalogue import BRONZE, CUSTOMERS, POINTS, STORES
from .documents import Clerk
from .members import Member

_WEEKEND = 5
# Monday to Sunday: how many come, beside others.
_BUSY = (0.8, 0.8, 0.9, 1.0, 1.3, 1.6, 0.6)
_HOURS = (8, 9, 9, 10, 11, 12, 12, 13, 15, 16, 17, 17, 18, 18, 19)
# Shares of orders: brought back, taken off the books, sold on the web.
_BROUGHT_BACK, _VOIDED, _BY_WEB = 0.04, 0.01, 0.15
# The day of the month on which somebody is given points.
_GIVEN_ON = 15
# Of eight customers one stays away, after so many days.
_EIGHT, _LOST, _LOST_AFTER = 8, 3, 120


def history(since, until, timezone, currency):
    """Yield the shop's documents (:class:`Document`), day by day.

    :param since: its first day
    :param until: nothing that happens later, aware
    """
    shop = _Shop(since, ZoneInfo(timezone), currency)
    day = since
    while shop.instant(day, 0) <= until:
        for document in sorted(shop.play(day), key=lambda d: d.at):
            if document.at <= until:
                yield document
        day += timedelta(days=1)


class _Shop:
    """What carries over from day to day."""

    def __init__(self, since, zone, currency):
        self._zone, self._since = zone, since
        self._clerk = Clerk(currency)
        self._members = {number: Member(number) for number in CUSTOMERS}
        self._returns = {}

    def instant(self, day, hour, minute=0):
        """Return a moment of a business day."""
        local = datetime.combine(day, time(hour, minute), self._zone)
        return local.astimezone(UTC)

    def play(self, day):
        """Yield what happens on a day."""
        chance = Random(f"demo {(day - self._since).days}")  # noqa: S311 (no secret)
        yield from self._night(day, chance)
        moments = sorted(self._moments(day, chance), key=lambda moment: moment[0])
        for number, (at, customer) in enumerate(moments, 1):
            yield from self._sell(
                f"DEMO-{day:%y%m%d}-{number:02}", at, customer, chance
            )
        yield from self._take_back(day)

    def _moments(self, day, chance):
        """Yield when who comes; None is somebody unknown."""
        busy = _BUSY[day.weekday()] * min(1.3, 0.8 + (day - self._since).days / 400)
        for place, number in enumerate(CUSTOMERS):
            if (day - self._since).days < _begins(place) or _ends(
                place, day, self._since
            ):
                continue
            if chance.random() < busy * (0.07 + 0.05 * (place % 6)):
                yield self._moment(day, chance), number
        for _stranger in range(round(busy * chance.randint(2, 5))):
            yield self._moment(day, chance), None

    def _moment(self, day, chance):
        return self.instant(day, chance.choice(_HOURS), chance.randrange(60))

    # ------------------------------------------------------------ what happens

    def _night(self, day, chance):
        """Yield what expires, what is given, and on the first of a month who moves."""
        at = self.instant(day, 3)
        for member in self._members.values():
            for lot in member.expired(at):
                member_points, lot.left = lot.left, 0
                yield self._book(member, "expire", member_points, at)
            if day.day == 1 and (change := member.review(at)):
                yield self._move(member, *change, at)
        if day.day == _GIVEN_ON and (
            known := [m for m in self._members.values() if m.level]
        ):
            happy = chance.choice(known)
            document = self._book(happy, "adjust", catalogue.GOODWILL, at)
            happy.earn(_row(document), at, catalogue.GOODWILL)
            # The balance stands after the booking.
            _after(document, happy.balance)
            yield document

    def _sell(self, key, at, customer, chance):
        member = self._members.get(customer)
        is_first = bool(member) and not member.spends
        basket = Basket(chance, at.astimezone(self._zone).date(), member, is_first)
        store = chance.choice((1, 1, 2)) if customer else chance.choice([*STORES])
        more = {"store_id": store, "is_first_order": is_first}
        if chance.random() < _BY_WEB and customer:
            more["channel"] = "web"
        if chance.random() < _VOIDED:
            yield self._clerk.order(
                at, key, customer, basket.total, state="void", **more
            )
            return
        order = self._clerk.order(at, key, customer, basket.total, **more)
        basket.write(self._clerk, order)
        earned = self._reward(order, basket, member) if member else None
        yield order
        if member:
            yield from self._promote(member, order)
            if not basket.redeemed and chance.random() < _BROUGHT_BACK:
                back = at.astimezone(self._zone).date() + timedelta(days=3)
                self._returns.setdefault(back, []).append((order, member, earned))

    def _reward(self, order, basket, member):
        """Book the points of an order; returns the lot that it earned."""
        points = int(basket.total)
        if basket.redeemed:
            member.spend(basket.redeemed)
            self._book(member, "redeem", basket.redeemed, order.at, order)
        self._clerk.line(
            order, POINTS, None, qty=basket.quantity, amount=basket.total,
            discount=basket.reward, points_earned=points,
            points_redeemed=basket.redeemed,
        )  # fmt: skip
        member.spends.append((order.at, basket.total))
        if not points:
            return None
        expires = order.at + timedelta(days=catalogue.POINTS_DAYS)
        self._book(member, "earn", points, order.at, order, expires_at=expires)
        member.earn(_row(order), order.at, points)
        _after(order, member.balance)
        return member.lots[-1]

    def _promote(self, member, order):
        """Yield the change of level that an order brings."""
        deserved = member.deserved(order.at)
        if member.level is None:
            yield self._move(member, "join", BRONZE, order.at, order.key)
        elif deserved > member.level:
            yield self._move(member, "upgrade", member.level + 1, order.at, order.key)

    def _take_back(self, day):
        """Yield the refunds of a day: of orders whose points are all still there."""
        at = self.instant(day, 21)
        for place, (order, member, lot) in enumerate(self._returns.pop(day, ())):
            if lot is None or lot.left < lot.earned:
                continue
            [sold] = order.rows["processed_order"]
            refund = self._clerk.order(
                at + timedelta(minutes=place), f"{order.key}-R", member.number,
                -sold["amount_total"], state="refund", refund_of=order.key,
                store_id=sold["store_id"], channel=sold["channel"],
            )  # fmt: skip
            for line in order.rows["order_promotion_line"]:
                self._clerk.line(
                    refund, line["program_id"], line["product_id"], qty=-line["qty"],
                    amount=-line["amount"], discount=-line["discount"],
                    points_earned=-line["points_earned"],
                )  # fmt: skip
            lot.left = 0
            self._book(
                member, "reverse", lot.earned, refund.at, refund, reverses_id=lot.row
            )
            yield refund

    def _book(self, member, kind, points, at, order=None, **values):
        document = self._clerk.point(member.number, kind, points, at, order, **values)
        _after(document, member.balance)
        return document

    def _move(self, member, kind, level, at, order=None):
        event = self._clerk.event(member.number, kind, (member.level, level), at, order)
        member.level = level
        return event


def _row(document):
    return document.rows["point_transaction"][-1]["id"]


def _after(document, balance):
    document.rows["point_transaction"][-1]["balance_after"] = Decimal(balance)


def _begins(place):
    """Return after how many days a customer comes: half of them from the start."""
    return 0 if place % 2 else place * 4


def _ends(place, day, since):
    """Tell whether a customer stays away: one in eight after four months."""
    return place % _EIGHT == _LOST and (day - since).days > _LOST_AFTER
