"""Pages as people read them: a server in a process of its own, sixteen readers, cold bytes and
first paint in a browser, publishing meanwhile.
"""

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import quantiles
from typing import Any

import httpx

READERS, ROUNDS, THINKING = 16, 6, 1.0


@dataclass
class Served:
    """A server that runs, and sixteen people who see everything, each with a session."""

    url: str
    cookies: tuple[str, ...]
    account: str
    pid: int = 0
    pages: dict[str, str] = field(default_factory=dict)

    def client(self, number: int = 0) -> httpx.Client:
        """A reader."""
        return httpx.Client(
            base_url=self.url, cookies={"kampass": self.cookies[number]}, timeout=120
        )


@dataclass(frozen=True)
class Times:
    """What answers took, in seconds, and how many went wrong."""

    seconds: tuple[float, ...]
    errors: int = 0

    def percentile(self, part: int) -> float:
        """A percentile in milliseconds."""
        return 1e3 * (
            quantiles(self.seconds, n=100)[part - 1] if len(self.seconds) > 1 else self.seconds[0]
        )


@contextmanager
def serving(folder: Path) -> Iterator[Served]:
    """`kampass serve` on a workspace, with one executive signed in."""
    from kampass.access import Role
    from kampass.workspace import open_workspace

    workspace = open_workspace(folder)
    people, cookies = workspace.people, []
    for number in range(READERS):
        email = f"reader-{number}@example.com"
        person = people.accounts.by_email(email) or people.accounts.add(
            email, "Reader", Role.EXECUTIVE
        )
        cookies.append(people.sessions.start(person.id, address="127.0.0.1", agent="bench")[0])
    row = (
        workspace.sight()
        .backend.run(
            "SELECT account_id FROM live_touches GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1"
        )
        .first()
    )
    workspace.close()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        sys.executable,
        "-m",
        "kampass",
        "serve",
        "--workspace",
        str(folder),
        "--port",
        str(port),
    ]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    served = Served(f"http://127.0.0.1:{port}", tuple(cookies), row[0], process.pid)
    try:
        _wait(served)
        served.pages = _pages(served)
        yield served
    finally:
        process.terminate()
        process.wait(20)


def _wait(served: Served) -> None:
    for _ in range(300):
        with suppress(httpx.TransportError), served.client() as client:
            if client.get("/healthz").is_success:
                return
        time.sleep(0.1)
    raise RuntimeError("The server did not start.")


def _pages(served: Served) -> dict[str, str]:
    return {
        "Overview": "/overview",
        "KPI": "/kpis/nrr",
        "Why": "/why/nrr?period=2025-Q4",
        "Bridge": "/bridge/nrr?before=2025-Q3&after=2025-Q4",
        "Accounts": "/accounts",
        "Account 360": f"/accounts/{served.account}",
        "Portfolio": "/portfolio",
        "Team": "/team",
        "Catalogue": "/catalogue",
        "Dashboards": "/dashboards",
        "Data": "/data",
        "Settings": "/settings",
        "API: nrr": "/api/v1/kpis/nrr?period=2025-Q4",
    }


def first_visits(served: Served) -> dict[str, tuple[float, int]]:
    """The first answer of each page after the start (nothing is kept yet), in milliseconds, and its
    bytes over the wire.
    """
    found = {}
    with served.client() as client:
        for name, path in served.pages.items():
            begun = time.perf_counter()
            response = client.get(path)
            found[name] = (
                1e3 * (time.perf_counter() - begun),
                response.num_bytes_downloaded if response.is_success else -response.status_code,
            )
    return found


def readers(
    served: Served, *, thinking: float = THINKING, rounds: int = ROUNDS
) -> dict[str, Times]:
    """Sixteen readers, each through all pages in an order of their own; `thinking` is the mean
    pause between two pages.
    """
    taken: dict[str, list[float]] = {name: [] for name in served.pages}
    errors: dict[str, int] = dict.fromkeys(served.pages, 0)

    def read(number: int) -> None:
        names = list(served.pages)
        with served.client(number) as client:
            for turn in range(rounds * len(names)):
                name = names[(turn * 5 + number) % len(names)]
                time.sleep(thinking * ((number * 7 + turn * 3) % 10) / 5)
                begun = time.perf_counter()
                response = client.get(served.pages[name])
                taken[name].append(time.perf_counter() - begun)
                errors[name] += not response.is_success

    _together(read)
    return {name: Times(tuple(seconds), errors[name]) for name, seconds in taken.items()}


@dataclass(frozen=True)
class Meanwhile:
    """What readers met while snapshots were published: times idle and then, errors, answers that
    mixed snapshots.
    """

    idle: Times
    busy: Times
    publishes: int
    mixed: int
    snapshots: int


def while_publishing(served: Served, folder: Path, files: Path, publishes: int) -> Meanwhile:
    """Readers ask several figures at once while loads change them and are published by another
    process.
    """
    question = "/api/v1/kpis/mrr_end,customers_end,nrr?period=2025&grain=quarter"
    _asked(
        served, question, lambda: False
    )  # the first answers are worked out, which is not what readers meet all day
    idle, _, _ = _asked(served, question, lambda: False)
    done = threading.Event()

    def publish() -> None:
        for number in range(publishes):
            subprocess.run(
                [
                    sys.executable,
                    "-m",
                    "benchmarks.reading",
                    "change",
                    str(folder),
                    str(files),
                    str(number),
                ],
                check=True,
            )
        done.set()

    publisher = threading.Thread(target=publish)
    publisher.start()
    busy, mixed, snapshots = _asked(served, question, lambda: not done.is_set())
    publisher.join()
    return Meanwhile(idle, busy, publishes, mixed, snapshots)


def _asked(served: Served, question: str, going_on: Any) -> tuple[Times, int, int]:
    taken: list[float] = []
    wrong, mixed = [0], [0]
    seen: set[str] = set()

    def read(number: int) -> None:
        with served.client(number) as client:
            for turn in range(10**9):
                if turn >= 20 and not going_on():
                    return
                begun = time.perf_counter()
                response = client.get(question)
                taken.append(time.perf_counter() - begun)
                wrong[0] += not response.is_success
                found = (
                    {answer["snapshot"] for answer in response.json()}
                    if response.is_success
                    else set()
                )
                mixed[0] += len(found) > 1
                seen.update(found)
                time.sleep(0.2)

    _together(read)
    return Times(tuple(taken), wrong[0]), mixed[0], len(seen)


def _together(read: Any) -> None:
    threads = [threading.Thread(target=read, args=(number,)) for number in range(READERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def first_paints(served: Served) -> dict[str, tuple[float, int]]:
    """First contentful paint in Chromium with an empty cache, in milliseconds, and all bytes over
    the wire; empty without a browser.
    """
    import shutil

    browser = next(
        (
            found
            for name in ("chromium", "chromium-browser", "google-chrome")
            if (found := shutil.which(name))
        ),
        None,
    )
    if browser is None:
        return {}
    from playwright.sync_api import sync_playwright

    found = {}
    flags = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-sync",
    ]
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=browser, args=flags)
        for name, path in served.pages.items():
            if path.startswith("/api/"):
                continue
            context = chromium.new_context()
            context.add_cookies(
                [{"name": "kampass", "value": served.cookies[0], "url": served.url}]
            )
            page = context.new_page()
            devtools = context.new_cdp_session(page)
            devtools.send("Network.enable")
            size = [0]
            devtools.on(
                "Network.loadingFinished",
                lambda event, size=size: size.__setitem__(
                    0, size[0] + int(event["encodedDataLength"])
                ),
            )
            page.goto(served.url + path, wait_until="networkidle")
            paint = page.evaluate(
                "() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? -1"
            )
            found[name] = (float(paint), size[0])
            context.close()
        chromium.close()
    return found


def change(folder: Path, files: Path, number: str) -> None:
    """Change one line of the subscriptions and publish: what the other process does."""
    from kampass.workspace import open_workspace

    lines = (files / "subscriptions.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    head = lines[0].rstrip("\n").split(",")
    cells = lines[1].rstrip("\n").split(",")
    cells[head.index("mrr")] = str(100 + int(number))
    lines[1] = ",".join(cells) + "\n"
    (files / "subscriptions.csv").write_text("".join(lines), encoding="utf-8")
    workspace = open_workspace(folder)
    workspace.sync()
    workspace.close()


def small_company(place: Path) -> tuple[Path, Path]:
    """A workspace of files that can be changed, for publishing again and again."""
    from kampass.workspace import create
    from kampass.workspace.loads.export import export
    from kampass.workspace.settings import SourceSettings, WorkspaceSettings

    sample = create(
        place / "sample",
        WorkspaceSettings(sources=(SourceSettings("sample", "sample", {"scale": 0.2}),)),
    )
    sample.sync()
    export(sample.snapshot(), place / "files")
    sample.close()
    workspace = create(
        place / "books",
        WorkspaceSettings(
            sources=(SourceSettings("files", "folder", {"path": str(place / "files")}),)
        ),
    )
    workspace.sync()
    workspace.close()
    return place / "books", place / "files"


def main(arguments: Sequence[str]) -> None:
    """As a script: the process that publishes."""
    if arguments[:1] == ["change"]:
        change(Path(arguments[1]), Path(arguments[2]), arguments[3])


if __name__ == "__main__":
    main(sys.argv[1:])
