"""A workspace small enough to publish in a moment, and people signed in to it: two accounts, one
survey, four answers in March.
"""

import re
import shutil
import tempfile
from functools import cache
from pathlib import Path

from starlette.testclient import TestClient

from kampass.access import Role
from kampass.server.serving import Serving
from kampass.web.app import application
from kampass.workspace import Workspace, create, open_workspace
from kampass.workspace.jobs.jobs import Job
from kampass.workspace.jobs.runner import run_next
from kampass.workspace.settings import SourceSettings, WorkspaceSettings

FILES = {
    "users.csv": "id,name,email\nu1,Dana Fox,dana@example.com\n",
    "accounts.csv": "id,name\na1,Brightwater\na2,Northwind\n",
    "ownerships.csv": "account_id,user_id,role,valid_from\na1,u1,account_manager,2025-01-01\n",
    "surveys.csv": "id,kind,scale_min,scale_max\ns1,csat,1,5\n",
    "responses.csv": "id,survey_id,responded_at,score,account_id\n"
    + "".join(
        f"r{number},s1,2026-03-0{number}T10:00:00Z,{score},a{1 + number % 2}\n"
        for number, score in enumerate((5, 5, 4, 1), start=1)
    ),
}
PASSWORD = "correct horse battery"  # noqa: S105 - of people who are made for a test
MESSY = "\ufeffNr;Umfrage;Am;Note;Kunde\r\n" + "".join(
    f"{row}\r\n"
    for row in (
        "e1;s1;03.04.2026 09:30;4,0;a1",
        "e2;s1;13.04.2026 10:00;sehr gut;a2",
        "e3;s1;31.02.2026 10:00;5,0;a1",
        "e4;s1;05.04.2026 11:00;5,0;a2",
    )
)
"""German numbers, days first, a byte order mark, and two rows that nobody can read."""

MAPPED = {
    "from.id": ":Nr",
    "from.survey_id": ":Umfrage",
    "from.responded_at": ":Am",
    "from.score": ":Note",
    "from.account_id": ":Kunde",
    "delimiter": ";",
    "header_row": "1",
}
ANSWERED = MAPPED | {
    "read.responded_at": "timestamp:%d.%m.%Y %H:%M",
    "timezone": "Europe/Berlin",
    "numbers": ",",
}


@cache
def _built() -> tempfile.TemporaryDirectory[str]:
    """The workspace, loaded once and copied for each test."""
    place = tempfile.TemporaryDirectory()
    made = small_workspace(Path(place.name), load=False)
    made.sync()
    made.close()
    return place


def small_copy(folder: Path) -> Workspace:
    """The loaded workspace, for one test to change."""
    shutil.copytree(_built().name, folder, dirs_exist_ok=True)
    return open_workspace(folder / "workspace")


def small_workspace(folder: Path, *, load: bool = True) -> Workspace:
    """The workspace over a folder of canonical files, loaded unless said otherwise."""
    files = folder / "files"
    files.mkdir(parents=True)
    for name, text in FILES.items():
        (files / name).write_text(text, encoding="utf-8")
    workspace = create(
        folder / "workspace",
        WorkspaceSettings(
            sources=(SourceSettings("files", "folder", {"path": str(files)}),), enabled=("csat",)
        ),
    )
    settings = workspace.folder / "kampass.toml"
    settings.write_text(
        settings.read_text(encoding="utf-8").replace(str(files), "../files"), encoding="utf-8"
    )
    workspace.refresh()
    if load:
        workspace.sync()
    return workspace


def answers(workspace: Workspace) -> Path:
    """The file of survey answers that the workspace's own source reads."""
    return workspace.folder.parent / "files" / "responses.csv"


def words(page: str) -> str:
    """What a page says, without its tags."""
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


class Signed(TestClient):
    """Somebody who is signed in; `csrf` goes with what they send."""

    csrf = ""

    def submit(self, path: str, fields: dict[str, object] | None = None, **more: object) -> str:
        """Post a form as a page does; where it leads."""
        answer = self.post(
            path, data={"csrf": self.csrf} | (fields or {}), follow_redirects=False, **more
        )  # type: ignore[arg-type]
        assert answer.status_code == 303, (answer.status_code, answer.text[:2000])
        return str(answer.headers["location"])


def signed_in(workspace: Workspace, role: Role, email: str = "") -> Signed:
    """A client of a person with that role."""
    email = email or f"{role.value}@example.com"
    person = workspace.people.accounts.by_email(email) or workspace.people.accounts.add(
        email, role.label, role, password=PASSWORD
    )
    token, csrf = workspace.people.sessions.start(person.id, address="", agent="")
    client = Signed(
        application(workspace, Serving("http://testserver", development=True)),
        raise_server_exceptions=True,
    )
    client.cookies.set("kampass", token)
    client.csrf = csrf
    return client


def finished(workspace: Workspace, place: str) -> Job:
    """The job that a page leads to, once it is over: as there is no server, it is done here."""
    assert place.startswith("/data/jobs/"), place
    while run_next(workspace):
        continue
    job = workspace.jobs.get(int(place.removeprefix("/data/jobs/")))
    assert job is not None and job.over
    return job
