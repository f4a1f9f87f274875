"""A sample company with people of every role, served by `kampass serve` as a process of its own:
what the stories happen in and the pictures show.

Sessions are made before the server starts and handed to the browser as cookies: only the story
about signing in pays for hashing passwords.
"""

import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path

import httpx
from playwright.sync_api import Browser, BrowserContext
from tests.web.small import small_workspace

from kampass.access import EVERYTHING, Role
from kampass.people import Person
from kampass.web.pages.dashboards.starters import for_role
from kampass.workspace import Workspace, create
from kampass.workspace.settings import SourceSettings, WorkspaceSettings

SCALE = 0.25
PASSWORD = "green teapots sing"  # noqa: S105 - the analyst's, whose hands are on the keyboard
OWN = "meeting_share"
NAMES = {Role.EXECUTIVE: "Maren Holt", Role.ANALYST: "Jonas Reed", Role.ADMIN: "Ada Lindgren"}
LOADING = 180_000
"""Milliseconds that a load may take where everything else is busy too."""
WIDE, NARROW = {"width": 1440, "height": 900}, {"width": 375, "height": 800}
ANSWERED = {
    "from.id": ":Nr",
    "from.survey_id": ":Umfrage",
    "from.responded_at": ":Am",
    "from.score": ":Note",
    "from.account_id": ":Kunde",
    "delimiter": ";",
    "header_row": "1",
    "read.responded_at": "timestamp:%d.%m.%Y %H:%M",
    "timezone": "Europe/Berlin",
    "numbers": ",",
}
"""What the page of the mapping asks, answered."""


@dataclass(frozen=True)
class Company:
    """A workspace on disk and the sessions of its people: secrets for the cookie and for what forms
    prove.
    """

    folder: Path
    sessions: Mapping[Role, tuple[str, str]]
    known: Mapping[str, str]

    def copied(self, folder: Path) -> "Company":
        """The same company in a folder of its own, where it can be changed."""
        shutil.copytree(self.folder, folder)
        return replace(self, folder=folder)


@dataclass(frozen=True)
class House:
    """A company that is being served."""

    url: str
    link: str
    company: Company

    def open(self, browser: Browser, role: Role | None = None, **more: object) -> BrowserContext:
        """A browser of its own for a person of that role, signed in; of nobody without one."""
        context = browser.new_context(
            **({"viewport": WIDE, "locale": "en-GB", "base_url": self.url} | more)
        )  # type: ignore[arg-type]
        context.set_default_timeout(60_000)
        if role is not None:
            context.add_cookies(
                [{"name": "kampass", "value": self.company.sessions[role][0], "url": self.url}]
            )
        return context

    def client(self, role: Role) -> httpx.Client:
        """A plain client of a person of that role, for what happened before a story begins."""
        token, csrf = self.company.sessions[role]
        return httpx.Client(
            base_url=self.url, cookies={"kampass": token}, headers={"x-csrf": csrf}, timeout=60
        )


def founded(folder: Path) -> Company:
    """Make the sample company, with people of every role."""
    workspace = create(
        folder, WorkspaceSettings(sources=(SourceSettings("sample", "sample", {"scale": SCALE}),))
    )
    (folder / "kpis" / "our_own.yaml").write_text(
        (resources.files("kampass.workspace.authoring") / "starter.yaml").read_text(
            encoding="utf-8"
        ),
        encoding="utf-8",
    )
    workspace.sync()
    known = _known(workspace)
    staff = staffed(workspace, known)
    sessions = {
        role: workspace.people.sessions.start(person.id, address="", agent="")
        for role, person in staff.items()
    }
    known |= _written(workspace, staff)
    workspace.close()
    return Company(folder, sessions, known)


def founded_empty(folder: Path) -> Company:
    """A small company of files that nobody has signed in to."""
    workspace = small_workspace(folder)
    workspace.close()
    return Company(workspace.folder, {}, {})


def staffed(workspace: Workspace, known: Mapping[str, str]) -> dict[Role, Person]:
    """People of every role: an account manager and a lead whom the data knows, and three who see
    everything.
    """
    accounts = workspace.people.accounts
    made = {
        role: accounts.add(f"{name.split()[0].lower()}@example.com", name, role)
        for role, name in NAMES.items()
    }
    accounts.set_password(made[Role.ANALYST].id, PASSWORD)
    made[Role.ACCOUNT_MANAGER] = accounts.add(
        known["email"], known["manager_name"], Role.ACCOUNT_MANAGER, user_id=known["manager"]
    )
    made[Role.TEAM_LEAD] = accounts.add(
        "lena@example.com", "Lena Marsh", Role.TEAM_LEAD, team_id=known["team"]
    )
    return made


def _written(workspace: Workspace, staff: Mapping[Role, Person]) -> dict[str, str]:
    """What people left in it: links that somebody waits for, and notes."""
    desk, links = workspace.library, workspace.people.invitations
    admin, manager = staff[Role.ADMIN], staff[Role.ACCOUNT_MANAGER]
    leader = staff[Role.EXECUTIVE]
    note = desk.notes.add(
        leader,
        scope=EVERYTHING,
        kpi="nrr",
        period="2025-Q4",
        text="Two large accounts left in November; the price rise is under review.",
    )
    starter = for_role(Role.EXECUTIVE)[0]
    board = desk.dashboards.add(leader, starter.name, starter.board.layout(), [Role.ANALYST])
    desk.saved.add(leader, "NRR by segment", "/kpis/nrr?period=2025-Q4&by=segment")
    return {
        "invite": links.make(
            "invite", email="sam@example.com", role=Role.ACCOUNT_MANAGER, by=admin.id
        ),
        "reset": links.make("reset", email=manager.email, by=admin.id),
        "person": str(manager.id),
        "note": str(note.id),
        "board": str(board.id),
        "tile": starter.board.tiles[0].id,
        "analyst_email": staff[Role.ANALYST].email,
    }


def _known(workspace: Workspace) -> dict[str, str]:
    """Ids that stand in addresses: the account manager with the most accounts, one of theirs, and
    one that is not.
    """
    cursor = workspace.snapshot().cursor()
    scopes = {
        str(user): workspace.sights.scope_of(Role.ACCOUNT_MANAGER, user, None).accounts
        or frozenset()
        for (user,) in cursor.execute("SELECT id FROM users").fetchall()
    }
    manager = max(scopes, key=lambda user: (len(scopes[user]), user))
    name, email = cursor.execute(
        "SELECT name, email FROM users WHERE id = ?", [manager]
    ).fetchall()[0]
    paying = [
        str(row[0])
        for row in cursor.execute(
            "SELECT account_id FROM live_subscriptions GROUP BY 1 ORDER BY count(*) DESC, 1"
        ).fetchall()
    ]
    account = next(account for account in paying if account in scopes[manager])
    return {
        "manager": manager,
        "manager_name": str(name),
        "email": str(email),
        "team": str(workspace.sights.place_of("", manager, None)[1]),
        "account": account,
        "foreign": next(account for account in paying if account not in scopes[manager]),
        "survey": str(
            cursor.execute("SELECT id FROM surveys WHERE kind = 'csat' ORDER BY id").fetchall()[0][
                0
            ]
        ),
        "account_name": str(
            cursor.execute("SELECT name FROM accounts WHERE id = ?", [account]).fetchall()[0][0]
        ),
        "own": OWN,
        "nobodys": "acc-nobody",
    }


@contextmanager
def served(company: Company) -> Iterator[House]:
    """The company behind `kampass serve` on a free port of this machine, until the caller is
    done.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    command = [
        sys.executable,
        "-m",
        "kampass",
        "serve",
        "--workspace",
        str(company.folder),
        "--port",
        port,
    ]
    log = company.folder.with_name(f"{company.folder.name}-{port}.log")
    with (
        log.open("w") as errors,
        subprocess.Popen(
            command, stdout=errors, stderr=errors, env=os.environ | {"PYTHONUNBUFFERED": "1"}
        ) as process,
    ):
        try:
            url = f"http://127.0.0.1:{port}"
            _answering(url, process, log)
            said = log.read_text()
            yield House(
                url, next((word for word in said.split() if "/set-up?ticket=" in word), ""), company
            )
        finally:
            process.terminate()


def _answering(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    """Return as soon as the server answers; AssertionError with what it said where it does not."""
    with httpx.Client(transport=httpx.HTTPTransport(retries=9)) as client:
        try:
            assert client.get(f"{url}/healthz").text == "ok"
        except httpx.HTTPError:
            raise AssertionError(
                f"kampass serve does not answer (exit code {process.poll()}): {log.read_text()}"
            ) from None


def busy(house: House, browser: Browser) -> dict[str, str]:
    """Load answers of which two rows cannot be read, and leave another file waiting for its
    mapping; the ids that their pages need.
    """
    known = dict(house.company.known)
    with house.client(Role.ADMIN) as client:
        place = _uploaded(
            client, messy(known["survey"], known["account"], month=12), "antworten.csv"
        )
        client.post(place, data=ANSWERED | {"do": "look"})
        job = client.post(place, data=ANSWERED | {"do": "load"}).headers["location"]
        with house.open(browser, Role.ADMIN) as context:
            page = context.new_page()
            page.goto(job)
            page.get_by_text("What it did to the figures").wait_for(timeout=LOADING)
        known["job_id"] = job.rpartition("/")[2]
        rows = re.findall(r'"/data/quarantine/rows/(\w+)"', client.get("/data/quarantine").text)
        known["row_id"] = rows[0]
        known["upload_id"] = _uploaded(
            client,
            messy(known["survey"], known["account"], month=11),
            "antworten-november.csv",
            source="interviews",
        ).rpartition("/")[2]
        known["batch_id"] = (
            client.post("/data/uploads", files=[("files", ("deals.csv", EXPORT))])
            .headers["location"]
            .rpartition("/")[2]
        )
        known["before"], known["after"] = (
            one["id"] for one in client.get("/api/v1/snapshots").json()["items"][:2]
        )
    return known


EXPORT = (
    b"Record ID,Deal Name,Deal Stage,Close Date,Deal owner,Amount,Create Date,Deal Type,Notes\n"
    b"901,Seats,Closed Won,2025-03-14 10:00,Ada Park,1200,2025-01-07 09:12,New Business,long\n"
    b"902,Plan,Contract Sent,2025-04-02 16:30,Bo Lind,n/a,2025-02-11 11:00,Pilot,short\n"
)
"""A CRM's deals: an amount that is none, a kind that nobody knows, clocks without a zone."""


def messy(survey: str, account: str, *, month: int, prefix: str = "") -> bytes:
    """Answers as a German spreadsheet saves them: a byte order mark, semicolons, the day first,
    commas in numbers; two rows that nobody can read.
    """
    rows = (
        "03.{m} 09:30;4,0",
        "13.{m} 10:00;sehr gut",
        "31.11.2025 10:00;5,0",
        "05.{m} 11:00;5,0",
        "08.{m} 12:00;3,5",
    )
    lines = [
        f"{prefix}{month}-{number};{survey};{row.format(m=f'{month}.2025')};{account}"
        for number, row in enumerate(rows, 1)
    ]
    return "\r\n".join(("\ufeffNr;Umfrage;Am;Note;Kunde", *lines, "")).encode()


def _uploaded(client: httpx.Client, content: bytes, name: str, source: str = "survey") -> str:
    """Send a file of answers; the page of its mapping."""
    answer = client.post(
        "/data/upload",
        data={"table": "responses", "source": source},
        files={"file": (name, content)},
    )
    assert answer.is_redirect, answer.text
    return str(answer.headers["location"])
