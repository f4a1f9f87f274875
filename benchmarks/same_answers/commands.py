"""The command line: help of every command, lists, files, and questions that cannot be asked."""

import json
import re
import shutil
from pathlib import Path

from benchmarks.same_answers.command import kampass, sample, world
from benchmarks.same_answers.record import Add, Recording

_COMMAND = re.compile(r"^│ {1,2}([a-z]+(?:-[a-z]+)*) {2,}\S", re.MULTILINE)
QUESTIONS = (
    "kpi",
    "kpi --period 2025-Q4",
    "kpi nrr csat --period 2025 --grain quarter --by segment --total",
    "kpi mrr_end --period 2025 --grain month --compare year-ago",
    "kpi nps --period 2025-Q4 --by account_manager --by segment --compare previous",
    "kpi time_to_resolution_p90 --period 2025-W01..2025-W20 --grain week",
)
FORMS = ("json", "csv", "svg")
LISTS = (
    *(
        "doctor",
        "source list",
        "source preview --rows 3",
        "data loads",
        "data quarantine",
        "data held",
    ),
    *("data quarantine --rows", "data quarantine --by table", "snapshot list", "catalogue list"),
)
WRONG = (
    *(
        "kpi mrr_edn --period 2025",
        "kpi nrr",
        "kpi nrr --period 2025-13",
        "kpi nrr --period 2025-W60",
    ),
    *("kpi nrr --period 2026-02-30", "kpi nrr --period yesterday", "kpi nrr --period FY25"),
    *("kpi nrr --period 2025-Q4..2025-Q1", "kpi nrr --period 2025-Q1..2025-03"),
    *("kpi nrr --period 2025-03 --grain year", "kpi nrr --period 2025 --grain fortnight"),
    *(
        "kpi nrr --period 2025 --by segmnt",
        "kpi nrr --period 2025 --by agent",
        "kpi cac --period 2025 --by team",
    ),
    *("kpi nrr --period 2025 --where segment", "kpi nrr --period 2025 --where segmnt=a"),
    *("kpi nrr --period 2025 --compare tomorrow", "kpi nrr --period 2025 --known-at 2025-12-01"),
    *(
        "kpi nrr --period 2025 --known-at soon",
        "kpi nrr --period 2025 --known-at 2019-01-01T00:00:00Z",
    ),
    *("kpi nrr --period 2025 --snapshot zzzz", "kpi nrr --period 2025 --format yaml"),
    *("kpi nrr --period 2025 --format json --output nowhere/at/all.json",),
    *("kpi nrr --period 2025 --output answer.txt", "kpi nrr --period 2025 --unheard-of"),
    *(
        "explain nrr",
        "explain nrr --period 2025 --rows numerators",
        "explain nrr --period 2025 --format csv",
    ),
    *(
        "explain customers_end --period 2025 --rows denominator",
        "explain nrr --period 2025 --limit -1",
    ),
    *(
        "explain enps --period 2025-Q4 --rows numerator",
        "bridge nrr 2025-Q3",
        "bridge nrrr 2025-Q3 2025-Q4",
    ),
    *(
        "bridge nrr 2025-Q3 2025-11",
        "bridge nrr 2025-Q3 2025-Q4 --by nothing",
        "template accuonts",
        "template",
    ),
    *(
        "catalogue show nrrr",
        "catalogue enable nrrr",
        "catalogue test nrrr",
        "catalogue lst",
        "catalogue",
    ),
    *("catalogue diff nrr --period 2025 --against zzzz", "snapshot show zzzz", "snapshot diff a b"),
    *(
        "snapshot pin zzzz",
        "data drop 99",
        "data confirm 1",
        "data held 99",
        "data replay --from gone.csv",
    ),
    *(
        "sync nosuch",
        "sync --recorded-at yesterday",
        "restore gone.zip elsewhere",
        "verify gone.zip",
    ),
    *(
        "source draft gone.csv",
        "source preview nosuch",
        "nonsense",
        "serve --port 99999",
        "mcp --as nobody",
    ),
)
WITHOUT = {"restore", "template", "nonsense", "draft"}
"""Words of commands that take no workspace."""


def all_of_them(recording: Recording) -> None:
    """Everything that the command line is asked here."""
    workspace = _copied(recording, sample(recording))
    with recording.file("commands/help") as add:
        _help(add, ())
        add("--version", kampass("--version"))
    with recording.file("commands/catalogue") as add:
        _catalogue(add, workspace)
    with recording.file("commands/lists") as add:
        _lists(add, workspace)
        for folder in recording.world_folders()[3:4]:
            _lists(add, world(recording, folder))
    with recording.file("commands/files") as add:
        _files(add, workspace)
    with recording.file("commands/wrong") as add:
        for number, asked in enumerate(WRONG):
            _asked(add, workspace, f"{asked} --format json" if number % 2 else asked)
        add("nowhere", kampass("kpi", "nrr", "--period", "2025", cwd=recording.folder))
        add("init again", kampass("init", workspace, "--sample"))
        add(
            "init",
            kampass("init", recording.folder / "nowhere", "--from", recording.folder / "gone"),
        )


def _copied(recording: Recording, made: Path) -> Path:
    """A copy of a workspace, which commands may change."""
    place = recording.workspace("commanded")
    shutil.rmtree(place, ignore_errors=True)
    return Path(shutil.copytree(made, place))


def _help(add: Add, words: tuple[str, ...]) -> None:
    """The help of a command and of those below it."""
    said = kampass(*words, "--help")
    add(" ".join((*words, "--help")), said)
    below = str(said["stdout"]).partition("─ Commands ─")[2]
    for name in _COMMAND.findall(below):
        _help(add, (*words, name))


def _asked(add: Add, workspace: Path, words: str) -> dict[str, str | int]:
    """Ask one thing of the workspace, in its folder."""
    place = () if WITHOUT & set(words.split()) else ("-w", str(workspace))
    said = kampass(*words.split(), *place, cwd=workspace)
    add(words, said)
    return said


def _catalogue(add: Add, workspace: Path) -> None:
    """The definitions, and what is done with them."""
    _asked(add, workspace, "catalogue list")
    listed = _asked(add, workspace, "catalogue list --format json")
    for number, one in enumerate(json.loads(str(listed["stdout"]))):
        if number % 10 == 0:
            _asked(add, workspace, f"catalogue show {one['id']}")
            _asked(add, workspace, f"catalogue show {one['id']} --format json")
    for words in ("lint", "test nps nrr", "diff nrr --period 2025 --grain quarter --format json"):
        _asked(add, workspace, f"catalogue {words}")


def _lists(add: Add, workspace: Path) -> None:
    """What the workspace says of itself."""
    for words in LISTS:
        _asked(add, workspace, words)
        _asked(add, workspace, f"{words} --format json")
    listed = kampass("snapshot", "list", "-w", workspace, "--format", "json")
    newest = json.loads(str(listed["stdout"]))[-1]["id"]
    _asked(add, workspace, f"snapshot show {newest}")
    _asked(add, workspace, f"snapshot show {newest} --format json")


def _files(add: Add, workspace: Path) -> None:
    """Answers as files, the tables of a snapshot, templates, and the difference of two states."""
    for words in QUESTIONS:
        _asked(add, workspace, words)
        for form in FORMS:
            _asked(add, workspace, f"{words} --format {form}")
    _asked(add, workspace, "explain nrr --period 2025-Q4 --rows denominator --format csv")
    _asked(add, workspace, "explain csat --period 2025-Q4 --rows numerator --format csv")
    _asked(add, workspace, "kpi nrr --period 2025-10 --known-at 2025-11-05T00:00:00Z --format json")
    listed = kampass("snapshot", "list", "-w", workspace, "--format", "json")
    ids = [one["id"] for one in json.loads(str(listed["stdout"]))]
    if len(ids) > 1:
        _asked(
            add, workspace, f"snapshot diff {ids[0]} {ids[-1]} --kpi nrr --kpi csat --format json"
        )
        _asked(add, workspace, f"snapshot diff {ids[0]} {ids[-1]} --kpi nrr --table accounts")
    for table in ("accounts", "subscriptions", "touches", "tickets"):
        _asked(add, workspace, f"template {table}")
    _asked(add, workspace, "export exported")
    for file in sorted((workspace / "exported").iterdir()):
        add(f"exported {file.name}", file.read_text(encoding="utf-8"))
