"""A copy of a workspace behind `kampass serve`, with an admin, a lead and an account manager.

They come in as people do: by the set-up link, an invitation, a form; what they leave are a note,
a saved question and a dashboard.
"""

import re
import shutil
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path

import httpx

from benchmarks.same_answers.command import environment
from benchmarks.same_answers.record import Recording

PASSWORD = "seven herons over the weir"  # noqa: S105 - of people of a recording
_CSRF = re.compile(r'name="csrf"[^>]*value="([^"]+)"')
_TICKET = re.compile(r"/(?:set-up|invitation)\?ticket=[\w-]+")
_TOKEN = re.compile(r"\bkp_[\w-]+")
_PATIENCE = 60


@dataclass(frozen=True)
class Company:
    """Who may ask a server, each with a client that is signed in, and a token for programs."""

    url: str
    people: dict[str, httpx.Client]
    token: str
    ids: dict[str, str]


@contextmanager
def served(recording: Recording, made: Path) -> Iterator[Company]:
    """A copy of that workspace, served and peopled."""
    place = recording.workspace(f"served-{made.name}")
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(made, place)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    recording.masks.paths |= {url: "<server>", f"127.0.0.1:{port}": "<host>"}
    log = place.with_name(f"{place.name}.log")
    command = [sys.executable, "-m", "kampass", "serve", "-w", str(place), "--port", str(port)]
    with (
        log.open("w") as said,
        subprocess.Popen(command, stderr=said, env=environment()) as process,
    ):
        try:
            yield _peopled(url, _set_up_link(process, log))
        finally:
            process.terminate()


def _set_up_link(process: "subprocess.Popen[bytes]", log: Path) -> str:
    """The path of the link that makes the first admin, as soon as the server answers."""
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end and process.poll() is None:
        link = _TICKET.search(log.read_text())
        if link:
            return link[0]
        time.sleep(0.1)
    raise RuntimeError(f"kampass serve does not start: {log.read_text()}")


def _client(url: str) -> httpx.Client:
    transport = httpx.HTTPTransport(retries=8)
    return httpx.Client(
        base_url=url, transport=transport, timeout=_PATIENCE, follow_redirects=False
    )


def _peopled(url: str, link: str) -> Company:
    """Everybody, once they have come in."""
    admin = _client(url)
    _come_in(admin, link, email="ada@example.com", name="Ada Lindgren")
    token = _token(admin)
    ids = _known(url, token)
    people = {"admin": admin, "nobody": _client(url)}
    for role, place in (
        ("account_manager", {"user": ids["manager"]}),
        ("team_lead", {"team": ids["team"]}),
    ):
        invited = {"email": f"{role}@example.com", "name": role.title(), "role": role, **place}
        page = post(admin, "/settings/people", "/settings/people", **invited)
        people[role] = _client(url)
        found = _TICKET.search(unescape(page.text))
        if not found:
            raise RuntimeError(f"Nobody could be invited as {role}: {page.status_code}")
        _come_in(people[role], found[0], name=role.title())
    _written(admin, people["account_manager"], ids)
    return Company(url, people, token, ids)


def post(client: httpx.Client, page: str, action: str, **fields: str | list[str]) -> httpx.Response:
    """Send a form of that page, with the secret that it holds."""
    secret = _CSRF.search(client.get(page).text)
    return client.post(action, data={**fields, "csrf": secret[1] if secret else ""})


def _come_in(client: httpx.Client, link: str, **fields: str) -> None:
    """Follow a link and set a password; RuntimeError where that is refused."""
    action, _, ticket = link.partition("?ticket=")
    secrets = {"ticket": ticket, "password": PASSWORD, "again": PASSWORD}
    answer = post(client, link, action, **secrets, **fields)
    if not answer.is_redirect:
        raise RuntimeError(f"{action} answers {answer.status_code}")


def _token(admin: httpx.Client) -> str:
    scopes = ["read", "export", "write", "admin"]
    end = (datetime.now(UTC) + timedelta(days=90)).date().isoformat()
    form = {"name": "recording", "expires": end, "scope": scopes, "password": PASSWORD}
    page = post(admin, "/settings/tokens", "/settings/tokens", **form)
    found = _TOKEN.search(page.text)
    if not found:
        raise RuntimeError(f"No token was made: {page.status_code}")
    return found[0]


def _known(url: str, token: str) -> dict[str, str]:
    """Ids that stand in addresses: the manager with the most accounts, a team, some accounts."""
    with httpx.Client(base_url=url, headers={"authorization": f"Bearer {token}"}) as asking:
        asked = {"period": "2025-12", "by": "account_manager"}
        found = asking.get("/api/v1/kpis/customers_end", params=asked, timeout=_PATIENCE).json()
        sizes = Counter({one["dimensions"]["account_manager"]: one["value"] or 0 for one in found})
        managers = [name for name, _ in sizes.most_common() if name]
        managers += sorted(asking.get("/api/v1/labels/account_manager").json())
        teams = sorted(asking.get("/api/v1/labels/team").json())
        accounts = [one["id"] for one in asking.get("/api/v1/accounts").json()["items"]]
    return {
        "manager": managers[0] if managers else "",
        "team": teams[0] if teams else "",
        **{f"account_{number}": account for number, account in enumerate(accounts[:6])},
    }


def _written(admin: httpx.Client, manager: httpx.Client, ids: dict[str, str]) -> None:
    """A note, saved questions, and a dashboard of each kind to begin with."""
    note = {"text": "Two large accounts left in November.", "kpi": "nrr", "period": "2025-Q4"}
    post(admin, "/settings", "/notes", **note)
    post(manager, "/settings", "/notes", text="Called today.", account=ids["account_0"])
    query = "/kpis/nrr?period=2025-Q4&by=segment"
    post(admin, "/settings", "/saved", name="NRR by segment", query=query)
    page = admin.get("/dashboards").text
    for start in dict.fromkeys(re.findall(r'name="start" value="([^"]+)"', page)):
        post(admin, "/dashboards", "/dashboards", start=start)
