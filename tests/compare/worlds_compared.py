"""Small worlds for comparisons, and what one reads of an answer."""

from collections.abc import Callable, Sequence

from kampass.engine import Answer
from kampass.engine.answer import Change

Tables = dict[str, str]


Compare = Callable[..., list[Answer]]


COVERAGE = "table,covered_from,covered_to\n"


TOUCHES_COVERED = COVERAGE + "touches,2024-01-01,2027-01-01\n"


PURCHASES_COVERED = COVERAGE + "purchases,2024-01-01,2027-01-01\n"


def touches(*instants: str, accounts: Sequence[str] = "a", channel: str = "call") -> str:
    """One call each, the accounts in turn; a bare day is its noon."""
    lines = [
        f"t{number},{instant if 'T' in instant else f'{instant}T12:00:00Z'},{channel},outbound,{accounts[number % len(accounts)]}"
        for number, instant in enumerate(instants)
    ]
    return "\n".join(["id,occurred_at,channel,direction,account_id", *lines]) + "\n"


def purchases(**amounts: dict[str, float]) -> str:
    """A purchase for each account and day: `a={"2026-01-05": 10}`."""
    lines = [
        f"{account}{day},{account},{day}T00:00:00Z,{amount},USD"
        for account, bought in amounts.items()
        for day, amount in bought.items()
    ]
    return "\n".join(["id,account_id,purchased_at,amount,currency", *lines]) + "\n"


def csat(*months: tuple[str, int, int]) -> Tables:
    """So many satisfied answers of so many in each month."""
    lines = [
        f"{month}-{number},s,{month}-10T00:00:00Z,{5 if number < satisfied else 1},a"
        for month, satisfied, n in months
        for number in range(n)
    ]
    return {
        "surveys": "id,kind,scale_min,scale_max\ns,csat,1,5\n",
        "responses": "\n".join(["id,survey_id,responded_at,score,account_id", *lines]) + "\n",
    }


def tickets(*months: tuple[str, list[tuple[str, int, int]]]) -> Tables:
    """For each month and account so many tickets solved at once of so many."""
    lines = [
        f"{month}{account}{number},{month}-02T00:00:00Z,{account},{month}{account}{number},{month}-03T00:00:00Z,{1 if number < solved else 3},0"
        for month, listed in months
        for account, solved, n in listed
        for number in range(n)
    ]
    return {
        "tickets": "\n".join(
            ["id,created_at,account_id,topic,resolved_at,agent_replies,reopened", *lines]
        )
        + "\n"
    }


def solved(accounts: int, each: int, successes: int) -> list[tuple[str, int, int]]:
    """So many accounts of `each` tickets, of which the first accounts solve all until the successes
    are used up.
    """
    return [
        (f"A{number:02}", min(each, max(0, successes - each * number)), each)
        for number in range(accounts)
    ]


def changed(answers: list[Answer]) -> Change:
    (answer,) = answers
    assert answer.change is not None
    return answer.change


def stretch(change: Change) -> tuple[str, str]:
    return change.period_start.isoformat(), change.period_end.isoformat()
