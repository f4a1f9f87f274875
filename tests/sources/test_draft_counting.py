"""Which rows of a file count is asked where a status says that some do not, and lines that are sums
of others are no rows.
"""

from pathlib import Path

import duckdb
import pytest

from kampass.intake.mapping import MappedSource, parse
from kampass.intake.mapping.draft import DraftTerms, FileDraft, drafted, written
from kampass.intake.mapping.draft.answered import answered, open_questions
from kampass.intake.mapping.draft.asks import DraftQuestion
from kampass.intake.mapping.draft.draft import TableDraft

SUBS = "Subscription ID,Customer,MRR,Currency,Start date,End date,Status\n"
INVOICES = "Invoice No,Customer,Invoice date,Amount,Currency,Status,Type\n"
TICKETS = "Ticket ID,Customer,Created at,Resolved at,Status\n"
STRIPE = (
    "id,Customer ID,Plan,Quantity,Currency,Interval,Amount,Status,Start (UTC),"
    "Current Period Start (UTC),Ended At (UTC)\n"
)


def draft_of(folder: Path, text: str) -> FileDraft:
    (folder / "file.csv").write_text(text)
    return drafted(folder / "file.csv", DraftTerms(currency="EUR", timezone="UTC"))


def asked(draft: FileDraft) -> dict[str, DraftQuestion]:
    return {question.key: question for _, question in open_questions([draft])}


def main_of(draft: FileDraft) -> TableDraft:
    return next(one for one in draft.tables if one.stated and one.table != "surveys")


def ids(draft: FileDraft) -> list[str]:
    """The ids that a draft loads, in the file's order."""
    main = main_of(draft)
    mapping = parse("[sources.x]", main.table, main.mapping)
    scan = MappedSource("x", draft.folder, (mapping,)).scan(main.table)
    with duckdb.connect() as connection:
        return [
            row[0] for row in connection.execute(f"SELECT id FROM ({scan.relation})").fetchall()
        ]


def first(draft: FileDraft, key: str) -> FileDraft:
    """The draft once a question has its first answer."""
    question = asked(draft)[key]
    return answered(draft, question, question.answers[0])


def test_words_of_rows_that_do_not_count_are_asked_about_by_name(tmp_path: Path) -> None:
    """Of Active 100, Cancelled 200, Paused 300 only the first is paid today."""
    rows = "1,a,100,EUR,2025-01-13,,Active\n2,b,200,EUR,2025-01-13,,Cancelled\n"
    draft = draft_of(tmp_path, f"{SUBS}{rows}3,c,300,EUR,2025-01-13,,Paused\n")
    question = asked(draft)["subscriptions.where.status"]
    assert [one.text for one in question.answers] == ["leave out Cancelled, Paused", "all of them"]
    assert question.answers[0].becomes == ("1 of 3 rows count",)
    assert "which rows count? 'Cancelled', 'Paused'" in written(draft)
    assert ids(first(draft, question.key)) == ["1"]
    every = answered(draft, question, question.answers[1])
    assert ids(every) == ["1", "2", "3"] and question.key not in asked(every)


def test_a_trial_is_one_by_its_word(tmp_path: Path) -> None:
    rows = "1,a,100,EUR,2025-01-13,,Active\n2,b,200,EUR,2025-01-13,,Trialing\n"
    draft = draft_of(tmp_path, SUBS + rows)
    assert main_of(draft).columns["is_trial"] == {
        "column": "Status",
        "values": {"Trialing": "true"},
        "otherwise": "empty",
    }
    assert not [key for key in asked(draft) if ".where" in key]


def test_what_ended_on_a_day_is_not_asked_about_and_what_ended_on_none_is(tmp_path: Path) -> None:
    rows = "1,a,100,EUR,2025-01-13,,Active\n2,b,200,EUR,2025-01-13,2025-03-13,Cancelled\n"
    draft = draft_of(tmp_path, SUBS + rows)
    assert [key for key in asked(draft) if ".where" in key] == []
    draft = draft_of(tmp_path, f"{SUBS}{rows}3,c,300,EUR,2025-01-13,,Cancelled\n")
    assert asked(draft)["subscriptions.where.status"].answers[0].text == (
        "leave out Cancelled without End date"
    )
    assert ids(first(draft, "subscriptions.where.status")) == ["1", "2"]


def test_a_day_of_cancellation_is_an_end_that_is_asked_about(tmp_path: Path) -> None:
    """Rows that were cancelled are not left out where the file says when they ended."""
    rows = "1,a,100,EUR,2025-01-13,,live\n2,b,200,EUR,2025-01-13,2025-05-01,cancelled\n"
    draft = draft_of(tmp_path, SUBS.replace("End date", "Cancelled on") + rows)
    assert list(asked(draft)) == ["subscriptions.valid_to.end"]


def test_void_and_draft_invoices_are_asked_about_and_a_credit_note_is_a_credit(
    tmp_path: Path,
) -> None:
    rows = (
        "1,a,2025-01-13,100,EUR,Paid,Invoice\n2,b,2025-01-14,50,EUR,Void,Invoice\n"
        "3,c,2025-01-15,30,EUR,Paid,Invoice\n4,d,2025-01-16,20,EUR,Paid,Credit Note\n"
    )
    draft = draft_of(tmp_path, INVOICES + rows)
    assert set(asked(draft)) == {"purchases.where.status"}
    assert ids(first(draft, "purchases.where.status")) == ["1", "3", "4"]
    pairs = main_of(draft).columns["kind"]["values"]
    assert pairs == {"Invoice": "", "Credit Note": "credit"}


def test_a_word_beside_a_credit_that_nobody_knows_is_asked(tmp_path: Path) -> None:
    rows = "1,a,2025-01-13,100,EUR,Paid,Hardware\n2,b,2025-01-14,50,EUR,Paid,Hardware\n"
    draft = draft_of(tmp_path, f"{INVOICES}{rows}3,c,2025-01-15,30,EUR,Paid,Gutschrift\n")
    question = asked(draft)["purchases.kind"]
    assert question.examples == ("Hardware",)
    none = next(one for one in question.answers if one.text == "none of these")
    after = answered(draft, question, none)
    assert main_of(after).columns["kind"]["values"] == {"Gutschrift": "credit", "Hardware": ""}


def test_a_ticket_that_is_pending_is_not_resolved_without_a_word(tmp_path: Path) -> None:
    at = "2025-01-13T10:00:00Z,2025-01-13T12:00:00Z"
    rows = f"1,a,{at},Solved\n2,b,{at},Pending\n3,c,{at},Cancelled\n"
    draft = draft_of(tmp_path, f"{TICKETS}{rows}4,d,2025-01-14T10:00:00Z,,Open\n")
    assert set(asked(draft)) == {"tickets.where.status", "tickets.resolved_at.status"}
    after = first(first(draft, "tickets.where.status"), "tickets.resolved_at.status")
    assert ids(after) == ["1", "2", "4"]
    assert main_of(after).columns["resolved_at"] == {
        "column": "Resolved at",
        "where": "\"Status\" not in ('Pending')",
    }


def test_open_tickets_without_a_resolution_are_not_asked_about(tmp_path: Path) -> None:
    rows = "1,a,2025-01-13T10:00:00Z,2025-01-13T12:00:00Z,Solved\n2,b,2025-01-14T10:00:00Z,,Open\n"
    assert asked(draft_of(tmp_path, TICKETS + rows)) == {}


def test_of_stripe_what_was_never_paid_does_not_count_and_a_trial_is_one(tmp_path: Path) -> None:
    words = ["active", "trialing", "incomplete", "incomplete_expired"]
    begun = "2025-01-07 09:12,2025-11-07 09:12,"
    rows = [f"s{n},c{n},p,1,eur,month,100,{word},{begun}" for n, word in enumerate(words)]
    draft = draft_of(tmp_path, STRIPE + "\n".join(rows) + "\n")
    assert draft.system == "Stripe subscriptions" and asked(draft) == {}
    assert ids(draft) == ["s0", "s1"]
    assert main_of(draft).columns["is_trial"]["values"] == {"trialing": "true"}


@pytest.mark.parametrize("name", ["status", "Status"])
def test_of_chargebee_what_has_not_begun_does_not_count(tmp_path: Path, name: str) -> None:
    heads = {
        "status": "id,customer_id,current_term_start,mrr,currency_code,started_at,cancelled_at,status",
        "Status": "Subscription Id,Customer Id,Current Term Start,MRR,Currency Code,Started At,"
        "Cancelled At,Status",
    }
    day = "2025-01-07T09:12:00Z"
    rows = f"1,a,{day},9,EUR,{day},,active\n2,b,{day},9,EUR,{day},,in_trial\n"
    rows += f"3,c,{day},9,EUR,{day},{day},cancelled\n4,d,{day},9,EUR,{day},,future\n"
    draft = draft_of(tmp_path, f"{heads[name]}\n{rows}")
    assert draft.system.startswith("Chargebee") and asked(draft) == {}
    assert ids(draft) == ["1", "2", "3"]
    assert main_of(draft).columns["is_trial"]["values"] == {"in_trial": "true"}


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("Subtotal Acme,Acme,2025-01-31,180", "Subtotal Acme"),
        ("9,Acme Total,2025-01-31,180", "Acme Total"),
        ("9,Summe Acme,2025-01-31,180", "Summe Acme"),
        ("Zwischensumme,Acme,2025-01-31,180", "Zwischensumme"),
    ],
)
def test_lines_of_sums_that_are_filled_like_rows_are_asked_about(
    tmp_path: Path, line: str, told: str
) -> None:
    text = "Invoice No,Customer,Invoice date,Amount\n1,Acme,2025-01-13,100\n2,Acme,2025-01-14,80\n"
    draft = draft_of(tmp_path, f"{text}{line}\n3,Birch,2025-01-15,20\n")
    question = asked(draft)["purchases.where.sums"]
    assert question.answers[0].text == f"leave out {told}"
    after = first(draft, question.key)
    assert ids(after) == ["1", "2", "3"] and "purchases.where.sums" not in asked(after)
    accounts = next(one for one in after.tables if one.table == "accounts")
    assert accounts.said["where"] == main_of(after).said["where"]


def test_a_company_that_is_called_a_sum_and_ids_that_begin_so_are_rows(tmp_path: Path) -> None:
    text = "Invoice No,Customer,Invoice date,Amount,Currency\nSUM-1,Total Wine,2025-01-13,100,EUR\n"
    draft = draft_of(tmp_path, f"{text}SUM-2,Birch,2025-01-14,80,EUR\n")
    assert asked(draft) == {}
