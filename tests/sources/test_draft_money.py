"""In which currency and size amounts are, and what was refunded of them, is read or asked and never
passed over.
"""

from pathlib import Path

import pytest
from tests.sources.test_draft_counting import asked, draft_of, first, main_of

from kampass.intake.mapping.draft import DraftTerms, drafted
from kampass.intake.mapping.draft.known import parts

DEALS = "Deal ID,Customer,Type,Status,Created,Closed,Amount\n"
ORDERS = "Order ID,Customer,Order date,Currency,Amount"
PAYMENTS = "id,Customer ID,Amount,Amount Refunded,Captured,Currency,Status,Created date (UTC)\n"


def deals(*amounts: str) -> str:
    rows = (
        f"{n},c{n},New,Won,2025-01-13,2025-02-13,{amount}\n" for n, amount in enumerate(amounts)
    )
    return DEALS + "".join(rows)


def test_several_signs_in_one_column_are_never_one_currency(tmp_path: Path) -> None:
    draft = draft_of(tmp_path, deals("€500", "$1000", "£10"))
    question = asked(draft)["deals.amount.currency"]
    assert "€, $, £ stand there" in question.what
    assert [one.text for one in question.answers] == ["each in its own", "leave it out"]
    after = main_of(first(draft, question.key)).columns
    assert after["currency"]["values"] == {"€": "EUR", "$": "USD", "£": "GBP"}


@pytest.mark.parametrize(("currency", "keys"), [("EUR", 1), ("USD", 0), ("", 0)])
def test_a_dollar_in_another_workspace_is_asked_about(
    tmp_path: Path, currency: str, keys: int
) -> None:
    (tmp_path / "deals.csv").write_text(deals("$500", "$1000"))
    found = asked(drafted(tmp_path / "deals.csv", DraftTerms(currency=currency)))
    assert list(found) == ["deals.amount.currency"][:keys]


def test_one_sign_throughout_is_the_currency_and_one_beside_some_is_asked(tmp_path: Path) -> None:
    draft = draft_of(tmp_path, deals("£500", "£10"))
    assert main_of(draft).columns["currency"] == {"constant": "GBP"} and asked(draft) == {}
    draft = draft_of(tmp_path, deals("£500", "10"))
    question = asked(draft)["deals.amount.currency"]
    assert [one.text for one in question.answers] == ["GBP", "EUR", "leave it out"]


def test_a_file_with_a_column_of_currencies_is_not_asked(tmp_path: Path) -> None:
    text = "Order ID,Customer,Order date,Amount,Currency\n1,a,2025-01-13,$5,USD\n2,b,2025-01-14,€6,EUR\n"
    assert asked(draft_of(tmp_path, text)) == {}


@pytest.mark.parametrize(
    ("header", "size"),
    [
        ("Amount (cents)", 0.01),
        ("amount_in_cents", 0.01),
        ("amountCents", 0.01),
        ("Amount (in k EUR)", 1000),
        ("Betrag in TEUR", 1000),
        ("Amount in thousands", 1000),
        ("Betrag (Mio. €)", 1000000),
        ("Amount (€m)", 1000000),
    ],
)
def test_the_size_that_a_header_says_is_the_amounts(
    tmp_path: Path, header: str, size: float
) -> None:
    draft = draft_of(tmp_path, f"{ORDERS.removesuffix('Amount')}{header}\n1,a,2025-01-13,EUR,5\n")
    assert main_of(draft).columns["amount"] == {"column": header, "scale": size}


@pytest.mark.parametrize(
    "header", ["Amount", "Amount (EUR)", "Order total", "First reply time (min)", "MRR (m)"]
)
def test_a_header_that_says_no_size_has_none(header: str) -> None:
    assert parts(header).size == 1


def test_what_stripe_refunded_comes_off_and_what_is_not_captured_does_not_count(
    tmp_path: Path,
) -> None:
    rows = "ch_1,c1,700.00,300.00,True,eur,Paid,2025-01-13 10:00\n"
    draft = draft_of(tmp_path, PAYMENTS + rows)
    assert draft.system == "Stripe payments" and asked(draft) == {}
    assert main_of(draft).columns["amount"] == {"column": "Amount", "minus": "Amount Refunded"}
    assert "\"Captured\" not in ('false'" in main_of(draft).said["where"]


def test_what_any_other_file_refunded_is_asked_about(tmp_path: Path) -> None:
    rows = "1,a,2025-01-13,EUR,700,300\n2,b,2025-01-14,EUR,50,\n"
    draft = draft_of(tmp_path, f"{ORDERS},Refunded amount\n{rows}")
    after = first(draft, "purchases.amount.refunds")
    assert main_of(after).columns["amount"] == {"column": "Amount", "minus": "Refunded amount"}
    assert asked(draft_of(tmp_path, f"{ORDERS},Refunded amount\n{rows.replace('300', '0')}")) == {}


def test_ids_are_no_amounts_and_what_has_decimals_goes_first(tmp_path: Path) -> None:
    head = "Subscription ID,Customer No,Seats sold,Fee,Currency,Start date"
    draft = draft_of(
        tmp_path, f"{head}\n1,70001,3,9.5,EUR,2025-01-13\n2,70002,4,8.5,EUR,2025-01-14\n"
    )
    texts = [one.text for one in asked(draft)["subscriptions.mrr"].answers]
    assert texts[0] == "Fee, for a month" and texts[3] == "Seats sold, for a month"
    assert not [text for text in texts if "Customer No" in text or "Subscription ID" in text]
