"""Every address of the web and of REST, as an admin, a lead and an account manager read it."""

import httpx

from benchmarks.same_answers import html
from benchmarks.same_answers.addresses import BY_KPI, EXPORTS, PAGES, REST, WRONG_PAGES, WRONG_REST
from benchmarks.same_answers.command import sample, world
from benchmarks.same_answers.company import Company, served
from benchmarks.same_answers.figures import kpis
from benchmarks.same_answers.record import Json, Recording

_KEPT = ("content-type", "content-disposition", "location", "cache-control", "link")


def of_sample_and_world(recording: Recording) -> None:
    """The pages of the sample company, and of a random world that has rows set aside."""
    made = sample(recording)
    ids = kpis(made)
    with served(recording, made) as company:
        _pages(recording, company, "sample")
        _every_kpi(recording, company, ids)
        _rest(recording, company, "sample")
    for folder in recording.world_folders()[3:4]:
        with served(recording, world(recording, folder)) as company:
            _pages(recording, company, folder.name)
            _rest(recording, company, folder.name)


def _pages(recording: Recording, company: Company, name: str) -> None:
    """What browsers get."""
    addresses = (*PAGES, *EXPORTS, *WRONG_PAGES)
    for role, client in company.people.items():
        with recording.file(f"pages/{name}-{role}") as add:
            for address in addresses if role != "nobody" else addresses[::4]:
                filled = address.format_map(company.ids)
                add(filled, _answer(client.get(filled)))


def _every_kpi(recording: Recording, company: Company, ids: list[str]) -> None:
    """The pages that each KPI has."""
    for role in ("admin", "account_manager"):
        with recording.file(f"pages/kpis-{role}") as add:
            for kpi in ids if role == "admin" else ids[::7]:
                for address in BY_KPI:
                    filled = address.format(kpi=kpi)
                    add(filled, _answer(company.people[role].get(filled)))


def _rest(recording: Recording, company: Company, name: str) -> None:
    """What programs get: with a token of the admin, and as the account manager of a browser."""
    bearer = {"authorization": f"Bearer {company.token}"}
    with (
        recording.file(f"rest/{name}") as add,
        httpx.Client(base_url=company.url, headers=bearer, timeout=60) as program,
    ):
        snapshots = program.get("/api/v1/snapshots").json()["items"]
        known = company.ids | {"snapshot": snapshots[0]["id"], "earlier": snapshots[-1]["id"]}
        for address in (*REST, *WRONG_REST):
            filled = address.format_map(known)
            add(f"admin {filled}", _answer(program.get(filled)))
            manager = company.people["account_manager"].get(filled)
            add(f"account manager {filled}", _answer(manager))
        add("nobody", _answer(company.people["nobody"].get("/api/v1/me")))
        add(
            "wrong token",
            _answer(program.get("/api/v1/me", headers={"authorization": "Bearer kp_no"})),
        )
        add("post", _answer(program.post("/api/v1/notes", json={"text": ""})))


def _answer(response: httpx.Response) -> Json:
    """Status, the headers that matter, and the body: a page by its texts, the rest as it is."""
    headers: Json = {name: response.headers[name] for name in _KEPT if name in response.headers}
    kind = response.headers.get("content-type", "")
    body: Json = f"{len(response.content)} bytes"
    if kind.startswith("text/html"):
        body = list(html.read(response.text))
    elif kind.startswith("text/") or "json" in kind or "svg" in kind:
        body = response.text
    return {"status": response.status_code, "headers": headers, "body": body}
