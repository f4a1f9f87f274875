"""Customers, balances and movements: the KPIs that need subscriptions."""

from __future__ import annotations

from fractions import Fraction

from .dimensions import Cut, row_place
from .figures import Figure, count, has_gap, missing_rate, money_total, plus, ratio, total
from .known import counts_at
from .populations import Period


def customers_start(period: Period, cut: Cut) -> Figure:
    """S."""
    return count(len(period.kept_at_start(period.opening, cut)))


def customers_end(period: Period, cut: Cut) -> Figure:
    """E."""
    return count(len(period.kept_at_end(period.closing, cut)))


def new_customers(period: Period, cut: Cut) -> Figure:
    """New."""
    return count(len(period.kept_at_end(period.new, cut)))


def reactivated_customers(period: Period, cut: Cut) -> Figure:
    """Reactivated."""
    return count(len(period.kept_at_end(period.reactivated, cut)))


def transient_customers(period: Period, cut: Cut) -> Figure:
    """Transient, anchored at the first paid day."""
    kept = 0
    for account in sorted(period.transient):
        if cut.keeps(period.at_event_of_account(account, period.first_paid_day(account))):
            kept += 1
    return count(kept)


def lost_customers(period: Period, cut: Cut) -> Figure:
    """Lost."""
    return count(len(period.kept_at_start(period.lost, cut)))


def customer_churn_rate(period: Period, cut: Cut) -> Figure:
    """lost / S."""
    opening = period.kept_at_start(period.opening, cut)
    lost = [account for account in opening if account in period.lost]
    return ratio(len(lost), len(opening), len(opening))


def client_retention_rate(period: Period, cut: Cut) -> Figure:
    """(S and E) / S."""
    opening = period.kept_at_start(period.opening, cut)
    stayed = [account for account in opening if account in period.closing]
    return ratio(len(stayed), len(opening), len(opening))


def mrr_start(period: Period, cut: Cut) -> Figure:
    """The opening balance; n counts the paid lines."""
    lines = []
    for account in sorted(period.opening):
        for line in period.opening_lines[account]:
            if cut.keeps(row_place(period.known, "subscriptions", line, period.start)):
                lines.append(line)
    return money_total([line.money for line in lines], len(lines))


def mrr_end(period: Period, cut: Cut) -> Figure:
    """The closing balance; n counts the paid lines."""
    lines = []
    for account in sorted(period.closing):
        for line in period.closing_lines[account]:
            if cut.keeps(row_place(period.known, "subscriptions", line, period.last_day)):
                lines.append(line)
    return money_total([line.money for line in lines], len(lines))


def new_mrr(period: Period, cut: Cut) -> Figure:
    """Closing MRR of the new."""
    accounts = period.kept_at_end(period.new, cut)
    return money_total([period.closing_mrr(account) for account in accounts], len(accounts))


def reactivation_mrr(period: Period, cut: Cut) -> Figure:
    """Closing MRR of the reactivated."""
    accounts = period.kept_at_end(period.reactivated, cut)
    return money_total([period.closing_mrr(account) for account in accounts], len(accounts))


def churned_mrr(period: Period, cut: Cut) -> Figure:
    """Opening MRR of the lost."""
    accounts = period.kept_at_start(period.lost, cut)
    return money_total([period.opening_mrr(account) for account in accounts], len(accounts))


def _changes(period: Period, cut: Cut) -> list[Fraction | None]:
    """Closing minus opening MRR of each account of S and E; None without a rate."""
    changes: list[Fraction | None] = []
    for account in period.kept_at_start(period.opening & period.closing, cut):
        opening, closing = period.opening_mrr(account), period.closing_mrr(account)
        changes.append(None if opening is None or closing is None else closing - opening)
    return changes


def expansion_mrr(period: Period, cut: Cut) -> Figure:
    """The higher closing MRR of S and E."""
    changes = _changes(period, cut)
    higher = [change for change in changes if change is not None and change > 0]
    if has_gap(changes):
        return missing_rate(len(higher))
    return total(higher, len(higher))


def contraction_mrr(period: Period, cut: Cut) -> Figure:
    """The lower closing MRR of S and E, positive."""
    changes = _changes(period, cut)
    lower = [-change for change in changes if change is not None and change < 0]
    if has_gap(changes):
        return missing_rate(len(lower))
    return total(lower, len(lower))


def transfer_in_mrr(period: Period, cut: Cut) -> Figure:
    """Closing MRR of accounts of S and E that lie in this slice at u but not at s."""
    return _transfer(period, cut, into=True)


def transfer_out_mrr(period: Period, cut: Cut) -> Figure:
    """Closing MRR of accounts of S and E that lie in this slice at s but not at u."""
    return _transfer(period, cut, into=False)


def _transfer(period: Period, cut: Cut, into: bool) -> Figure:
    amounts = []
    for account in sorted(period.opening & period.closing):
        at_start = cut.keeps(period.at_start(account))
        at_end = cut.keeps(period.at_end(account))
        if at_end and not at_start if into else at_start and not at_end:
            amounts.append(period.closing_mrr(account))
    return money_total(amounts, len(amounts))


def _opening_and_closing(
    period: Period, cut: Cut
) -> tuple[list[Fraction | None], list[Fraction | None]]:
    """Opening and closing MRR of each account of S; closing is 0 for the lost."""
    accounts = period.kept_at_start(period.opening, cut)
    return (
        [period.opening_mrr(account) for account in accounts],
        [period.closing_mrr(account) for account in accounts],
    )


def nrr(period: Period, cut: Cut) -> Figure:
    """Closing MRR of S / opening."""
    opening, closing = _opening_and_closing(period, cut)
    if has_gap(opening) or has_gap(closing):
        return missing_rate(len(opening))
    return ratio(plus(closing), plus(opening), len(opening))


def grr(period: Period, cut: Cut) -> Figure:
    """Sum of min(opening, closing) over S / opening."""
    opening, closing = _opening_and_closing(period, cut)
    if has_gap(opening) or has_gap(closing):
        return missing_rate(len(opening))
    kept = [
        min(before, after)
        for before, after in zip(opening, closing, strict=True)
        if before is not None and after is not None
    ]
    return ratio(plus(kept), plus(opening), len(opening))


def revenue_churn_rate(period: Period, cut: Cut) -> Figure:
    """Opening MRR of the lost / opening."""
    accounts = period.kept_at_start(period.opening, cut)
    opening = [period.opening_mrr(account) for account in accounts]
    if has_gap(opening):
        return missing_rate(len(accounts))
    lost = [period.opening_mrr(account) for account in accounts if account in period.lost]
    return ratio(plus(lost), plus(opening), len(accounts))


def account_growth(period: Period, cut: Cut) -> Figure:
    """Closing - opening MRR of S; n counts S."""
    opening, closing = _opening_and_closing(period, cut)
    if has_gap(opening) or has_gap(closing):
        return missing_rate(len(opening))
    return total([plus(closing) - plus(opening)], len(opening))


def customer_expansion_revenue_rate(period: Period, cut: Cut) -> Figure:
    """expansion_mrr / mrr_start; n counts the opening accounts."""
    accounts = period.kept_at_start(period.opening, cut)
    opening = [period.opening_mrr(account) for account in accounts]
    changes = _changes(period, cut)
    if has_gap(opening) or has_gap(changes):
        return missing_rate(len(accounts))
    higher = plus(change for change in changes if change is not None and change > 0)
    return ratio(higher, plus(opening), len(accounts))


def client_load_ratio(period: Period, cut: Cut) -> Figure:
    """Accounts of E with an account_manager / distinct such managers; n counts the managers."""
    managers = []
    for account in period.kept_at_end(period.closing, cut):
        manager = period.at_end(account).value("account_manager")
        if manager is not None:
            managers.append(manager)
    return ratio(len(managers), len(set(managers)), len(set(managers)), scale=1)


def acquisition_source_mix(period: Period, cut: Cut) -> list[tuple[str | None, Figure]]:
    """New customers of each source / all new customers of the slice."""
    sources = [
        period.at_end(account).value("acquisition_source")
        for account in period.kept_at_end(period.new, cut)
    ]
    return [
        (source, ratio(sources.count(source), len(sources), len(sources)))
        for source in set(sources)
    ]


def trials(period: Period, cut: Cut) -> Figure:
    """Accounts with a trial line that counts at u and no paid line that does."""
    trying = {
        account
        for account, lines in period.known.trial_lines.items()
        if any(counts_at(line, period.u) for line in lines)
    }
    return count(len(period.kept_at_end(trying - period.closing, cut)))


def trial_conversion_rate(period: Period, cut: Cut) -> Figure:
    """Accounts whose first trial line begins in P, never active before it: a paid line begins
    within 90 days of it, as local dates / all; anchored at that day.
    """
    began, converted = 0, 0
    for account, lines in sorted(period.known.trial_lines.items()):
        day = min(line.valid_from for line in lines)
        paid = [line.valid_from for line in period.known.paid_lines.get(account, [])]
        if not period.contains_date(day) or any(begins < day for begins in paid):
            continue
        if cut.keeps(period.at_event_of_account(account, day)):
            began += 1
            converted += any((begins - day).days <= 90 for begins in paid)
    figure = ratio(converted, began, began)
    figure.window_open = period.window_open(90)
    return figure


def customer_referral_rate(period: Period, cut: Cut) -> Figure:
    """Distinct accounts of S with a referral in P, not of themselves / S."""
    referrers = {
        row.referrer_account_id
        for row in period.rows_in("referrals", "referred_at")
        if row.referred_account_id != row.referrer_account_id
    }
    opening = period.kept_at_start(period.opening, cut)
    referring = [account for account in opening if account in referrers]
    return ratio(len(referring), len(opening), len(opening))


def referred_customer_rate(period: Period, cut: Cut) -> Figure:
    """New customers named as referred_account_id with referred_at before u / new customers."""
    named = {
        row.referred_account_id for row in period.known["referrals"] if row.referred_at < period.u
    }
    new = period.kept_at_end(period.new, cut)
    return ratio(len([account for account in new if account in named]), len(new), len(new))


def referenceable_clients(period: Period, cut: Cut) -> Figure:
    """Accounts of E with a reference span open just before u."""
    first = period.zone.first_instant
    open_spans = {
        row.account_id
        for row in period.known["references"]
        if first(row.valid_from) < period.u
        and (row.valid_to is None or first(row.valid_to) >= period.u)
    }
    return count(len(period.kept_at_end(period.closing & open_spans, cut)))


def cac(period: Period, cut: Cut) -> Figure:
    """Acquisition costs in P / new customers."""
    amounts = [
        period.known.money(row.amount, row.currency, row.on)
        for row in period.rows_in("costs", "on")
        if row.kind == "acquisition"
    ]
    if has_gap(amounts):
        return missing_rate(len(period.new))
    return ratio(plus(amounts), len(period.new), len(period.new), scale=1)
