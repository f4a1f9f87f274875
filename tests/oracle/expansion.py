"""The four parts of expansion: upsell, cross-sell, price increase, unclassified."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from .book import Row
from .dimensions import Cut
from .figures import Figure, missing_rate, ratio, total
from .known import Known
from .populations import Period

ZERO = Fraction(0)


@dataclass
class Parts:
    """What one account's net expansion is made of."""

    upsell: Fraction = ZERO
    cross_sell: Fraction = ZERO
    price_increase: Fraction = ZERO
    unclassified: Fraction = ZERO


def parts_of(period: Period, account: str) -> Parts | None:
    """The parts of an account of S and E; all 0 without expansion, None without a rate."""
    key = ("parts", period.s, period.u, account)
    if key not in period.known.cache:
        period.known.cache[key] = _parts_of(period, account)
    return period.known.cache[key]


def _parts_of(period: Period, account: str) -> Parts | None:
    opening, closing = period.opening_mrr(account), period.closing_mrr(account)
    if opening is None or closing is None:
        return None
    parts = Parts()
    if closing <= opening:
        return parts
    before = _groups(period.known, period.opening_lines[account])
    after = _groups(period.known, period.closing_lines[account])
    differences = {}
    for group in set(before) | set(after):
        difference = _mrr(after.get(group, [])) - _mrr(before.get(group, []))
        if difference > 0:
            differences[group] = difference
    factor = (closing - opening) / sum(differences.values())
    for group, difference in differences.items():
        scaled = difference * factor
        if group is None:
            parts.unclassified += scaled
        elif _mrr(before.get(group, [])) == 0:
            parts.cross_sell += scaled
        else:
            price, unknown = _price_and_unknown(before[group], after[group], difference)
            parts.price_increase += scaled * price / difference
            parts.unclassified += scaled * unknown / difference
            parts.upsell += scaled * (difference - price - unknown) / difference
    return parts


def _groups(known: Known, lines: list[Row]) -> dict[tuple[str, bool] | None, list[Row]]:
    """The lines by (product family, is_addon); lines without a known product lie under None."""
    groups: dict[tuple[str, bool] | None, list[Row]] = {}
    for line in lines:
        group = None
        if line.product_id is not None:
            product = known.by_id("products")[line.product_id]
            group = (product.family, bool(product.is_addon))
        groups.setdefault(group, []).append(line)
    return groups


def _mrr(lines: list[Row]) -> Fraction:
    return sum((line.money for line in lines), ZERO)


def _quantity(lines: list[Row]) -> Fraction | None:
    """The quantity of one product's lines; unknown when it is unknown for one of them."""
    quantities = [line.quantity for line in lines]
    if any(quantity is None for quantity in quantities):
        return None
    return sum(quantities, ZERO)


def _price_and_unknown(
    before: list[Row], after: list[Row], difference: Fraction
) -> tuple[Fraction, Fraction]:
    """How much of a held group's difference is price, and how much cannot be told."""
    price, unknown = ZERO, ZERO
    held = {line.product_id for line in before} & {line.product_id for line in after}
    for product in held:
        lines_s = [line for line in before if line.product_id == product]
        lines_u = [line for line in after if line.product_id == product]
        mrr_s, mrr_u = _mrr(lines_s), _mrr(lines_u)
        quantity_s, quantity_u = _quantity(lines_s), _quantity(lines_u)
        if quantity_s is None or quantity_u is None:
            unknown += max(ZERO, mrr_u - mrr_s)
        elif quantity_s > 0 and quantity_u > 0:
            units = min(quantity_s, quantity_u)
            price += (mrr_u / quantity_u - mrr_s / quantity_s) * units
    price = min(max(price, ZERO), difference)
    unknown = min(max(unknown, ZERO), difference - price)
    return price, unknown


def _part_revenue(period: Period, cut: Cut, name: str) -> Figure:
    """The sum of one part over S and E; n counts the accounts with that part above 0."""
    amounts = []
    rate_missing = False
    for account in period.kept_at_start(period.opening & period.closing, cut):
        parts = parts_of(period, account)
        if parts is None:
            rate_missing = True
        elif getattr(parts, name) > 0:
            amounts.append(getattr(parts, name))
    if rate_missing:
        return missing_rate(len(amounts))
    return total(amounts, len(amounts))


def upsell_revenue(period: Period, cut: Cut) -> Figure:
    """More of the same family."""
    return _part_revenue(period, cut, "upsell")


def cross_sell_revenue(period: Period, cut: Cut) -> Figure:
    """Groups without MRR at s."""
    return _part_revenue(period, cut, "cross_sell")


def price_increase_revenue(period: Period, cut: Cut) -> Figure:
    """A higher price of what was held."""
    return _part_revenue(period, cut, "price_increase")


def unclassified_expansion_revenue(period: Period, cut: Cut) -> Figure:
    """What cannot be told: no product or no quantity."""
    return _part_revenue(period, cut, "unclassified")


def _accounts_with_part(period: Period, cut: Cut, name: str) -> Figure:
    """Accounts of S with the part above 0 / S."""
    opening = period.kept_at_start(period.opening, cut)
    having = 0
    for account in opening:
        if account not in period.closing:
            continue
        parts = parts_of(period, account)
        if parts is None:
            return missing_rate(len(opening))
        if getattr(parts, name) > 0:
            having += 1
    return ratio(having, len(opening), len(opening))


def upsell_ratio(period: Period, cut: Cut) -> Figure:
    """Accounts of S with upsell above 0 / S."""
    return _accounts_with_part(period, cut, "upsell")


def cross_sell_rate(period: Period, cut: Cut) -> Figure:
    """Accounts of S with cross-sell above 0 / S."""
    return _accounts_with_part(period, cut, "cross_sell")
