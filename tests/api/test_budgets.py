"""What a question may cost where many are served, and that it ends when its reader leaves."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import duckdb
import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient
from tests.served import Served

from kampass.access import Role
from kampass.engine import Question
from kampass.engine.budget import BUDGET, Bounds, Budget, ReaderLeft, TooLarge
from kampass.engine.duckdb_backend import DuckDBBackend, scratch
from kampass.server.reading import Budgets
from kampass.server.serving import Serving
from kampass.store.turns import Turns
from kampass.web.app import application
from kampass.workspace.view import Kept

LONG = "SELECT sum(a.range * b.range) FROM range(100000000) a, range(100000000) b"


@contextmanager
def within(budget: Budget) -> Iterator[Budget]:
    token = BUDGET.set(budget)
    try:
        yield budget
    finally:
        BUDGET.reset(token)
        budget.close()


def test_a_question_with_too_many_figures_is_refused_before_it_is_worked_out(
    served: Served,
) -> None:
    """Two KPIs, twelve months, all accounts."""
    engine = served.workspace.engine()
    (accounts,) = engine.backend.run("SELECT count(*) FROM accounts").first() or (0,)
    question = Question(("mrr_end", "nps"), "2025", "month", ("account",))
    with within(Budget(Bounds(figures=24 * accounts))):
        assert engine.ask(question).answers
    with (
        within(Budget(Bounds(figures=24 * accounts - 1))),
        pytest.raises(TooLarge, match=f"about {24 * accounts:,} figures"),
    ):
        engine.ask(question)
    assert engine.ask(question).answers


def test_a_statement_that_takes_too_long_is_stopped() -> None:
    with (
        within(Budget(Bounds(seconds=0.1))),
        scratch() as backend,
        pytest.raises(TooLarge, match=r"longer than 0\.1 seconds"),
    ):
        backend.run(LONG)


def test_once_spent_nothing_else_begins_and_other_requests_go_on() -> None:
    with within(Budget()) as budget, scratch() as backend:
        budget.end(ReaderLeft("left"))
        with pytest.raises(ReaderLeft):
            backend.run("SELECT 1")
    with within(Budget()), scratch() as backend:
        assert backend.run("SELECT 1").all() == [(1,)]
    with scratch() as backend:
        assert backend.run("SELECT 1").all() == [(1,)]


def test_what_is_wrong_with_a_statement_is_still_said() -> None:
    with within(Budget()), scratch() as backend, pytest.raises(duckdb.BinderException):
        backend.run("SELECT nothing")


def test_large_questions_take_turns_and_small_ones_do_not() -> None:
    bounds = Bounds(figures=1000, large=10, turn=Turns(1, 0, patience=0).taken)
    large, other = Budget(bounds), Budget(bounds)
    with large.admitted(1, 11):
        with large.admitted(1, 500):  # what it is compared with is part of it
            pass
        with other.admitted(1, 10):
            pass
        with pytest.raises(Exception, match="Others are being served"), other.admitted(1, 11):
            pass
    with other.admitted(1, 11):
        pass


def test_a_reader_who_waits_for_another_that_left_gets_an_answer() -> None:
    kept: Kept[str] = Kept(10)
    begun, leave, found = threading.Event(), threading.Event(), list[str]()

    def leaves() -> str:
        begun.set()
        leave.wait(30)
        raise ReaderLeft("left")

    def first() -> None:
        with pytest.raises(ReaderLeft):
            kept.get("a", leaves)

    threads = [
        threading.Thread(target=first),
        threading.Thread(target=lambda: found.append(kept.get("a", lambda: "answer"))),
    ]
    threads[0].start()
    begun.wait(30)
    threads[1].start()
    leave.set()
    for thread in threads:
        thread.join()
    assert found == ["answer"]


def test_what_is_kept_is_bounded_by_its_weight() -> None:
    kept: Kept[str] = Kept(10, len)
    for text in ("aaaa", "bbbb", "cccc"):
        assert kept.get(text, lambda text=text: text) == text  # type: ignore[misc]
    assert len(kept) == 2
    assert kept.get("d", lambda: "d" * 11) == "d" * 11
    made: list[str] = []
    kept.get("cccc", lambda: made.append("anew") or "cccc")  # type: ignore[func-returns-value]
    kept.get("d", lambda: made.append("too heavy to keep") or "d")  # type: ignore[func-returns-value]
    assert made == ["too heavy to keep"]


def test_a_question_ends_when_its_reader_leaves() -> None:
    app, ended = FastAPI(), list[type[Exception]]()

    @app.get("/")
    def root() -> str:
        with scratch() as backend:
            try:
                backend.run(LONG)
            except Exception as wrong:
                ended.append(type(wrong))
                raise
        return "never"

    async def leave() -> None:
        messages = asyncio.Queue[dict[str, Any]]()
        messages.put_nowait({"type": "http.request", "body": b"", "more_body": False})
        sent: list[Any] = []

        async def send(message: Any) -> None:
            sent.append(message)

        scope = {
            "type": "http",
            "http_version": "1.1",
            "method": "GET",
            "path": "/",
            "raw_path": b"/",
            "query_string": b"",
            "headers": [],
        }
        asked = asyncio.create_task(
            Budgets(app, Bounds())(scope, messages.get, send)  # type: ignore[arg-type]
        )
        await asyncio.sleep(0.3)
        messages.put_nowait({"type": "http.disconnect"})
        with pytest.raises(ReaderLeft):
            await asked

    asyncio.run(leave())
    assert ended == [ReaderLeft]


def test_over_http_it_is_said_what_to_narrow(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kampass.server.app.BOUNDS", Bounds(figures=100))
    client = TestClient(
        application(served.workspace, Serving("http://testserver")),
        headers={"authorization": f"Bearer {served.token(Role.EXECUTIVE)}"},
    )
    where = "/api/v1/kpis/mrr_end?period=2015..2024&grain=day"
    refused = client.get(where)
    assert refused.status_code == 422
    assert refused.json()["code"] == "question_too_large"
    assert "3,653 figures" in refused.json()["detail"]
    assert "shorter period" in refused.json()["hint"]
    assert client.get("/api/v1/kpis/mrr_end?period=2025-11").status_code == 200


def test_a_question_with_too_many_periods_is_refused(served: Served) -> None:
    question = Question(("mrr_end",), "2025", "month")
    with within(Budget(Bounds(periods=11))), pytest.raises(TooLarge, match="about 12 periods"):
        served.workspace.engine().ask(question)
    with within(Budget(Bounds(periods=12))):
        assert len(served.workspace.engine().ask(question)) == 12


def test_a_backend_is_a_backend_of_whatever_has_cursors() -> None:
    with duckdb.connect() as connection, within(Budget()):
        assert DuckDBBackend(connection).run("SELECT 7").first() == (7,)
