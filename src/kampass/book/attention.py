"""Which accounts need somebody today, in an order that anybody can check: urgent reasons first,
then all reasons, then MRR.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from kampass.book.accounts import ListedAccount, accounts
from kampass.book.reasons import Reason, reasons
from kampass.workspace.view import Sight

ORDER = (
    "Accounts with more urgent reasons come first, then those with more reasons, then those "
    "with the higher MRR. There is no score: these facts are all there is."
)


@dataclass(frozen=True)
class Needing:
    """An account with the reasons why it needs somebody, urgent ones first."""

    account: ListedAccount
    reasons: tuple[Reason, ...]

    @property
    def urgent(self) -> int:
        """How many of the reasons are urgent."""
        return sum(reason.urgent for reason in self.reasons)


def attention(sight: Sight) -> list[Needing]:
    """The accounts in sight that need somebody, those that need it most first."""
    return sight.kept("attention", lambda: _ordered(accounts(sight), reasons(sight)))


def of_account(sight: Sight, account: str) -> tuple[Reason, ...]:
    """The reasons of one account."""
    found = sight.kept(
        "attention by account",
        lambda: {needing.account.id: needing.reasons for needing in attention(sight)},
    )
    return found.get(account, ())


def _ordered(listed: Iterable[ListedAccount], found: Iterable[Reason]) -> list[Needing]:
    by_account: dict[str, list[Reason]] = {}
    for reason in found:
        by_account.setdefault(reason.account, []).append(reason)
    made = [
        Needing(
            account, tuple(sorted(by_account[account.id], key=lambda reason: not reason.urgent))
        )
        for account in listed
        if account.id in by_account
    ]
    return sorted(
        made,
        key=lambda needing: (
            -needing.urgent,
            -len(needing.reasons),
            -(needing.account.mrr or 0),
            needing.account.name,
            needing.account.id,
        ),
    )
