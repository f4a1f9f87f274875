"""Two sources whose ids collide are told by everything that loads them; a prefix sets them apart,
and lines that stand for ids collide no more.
"""

from pathlib import Path

from click.testing import Result
from typer.testing import CliRunner

from kampass.cli.app import app
from kampass.workspace import Workspace

HEADER = "id,account_id,mrr,currency,valid_from\n"
X = HEADER + "1,a,100,USD,2025-01-01\n2,b,200,USD,2025-01-01\n"
Y = HEADER + "1,c,700,USD,2025-01-01\n3,c,20,USD,2025-01-01\n"
SETTINGS = """
[sources.x]
kind = "mapped"
path = "files"
[sources.x.tables.accounts]
file = "accounts.csv"
[sources.x.tables.accounts.columns]
id = "id"
name = "id"
"""
TOLD = "subscriptions: 1 row of 'y' has the id of another row of 'x', which no longer counts"
FORM = "Timestamp,Email Address,How likely are you to recommend us to a friend or colleague?\n"


def run(*arguments: object) -> Result:
    """What a command says; whatever it asks, the first answer is given."""
    done = CliRunner().invoke(app, [str(one) for one in arguments], input="1\n" * 9)
    assert done.exit_code == 0, done.output
    return done


def subscriptions(source: str, said: str) -> str:
    heading = f"[sources.{source}.tables.subscriptions"
    begun = "" if source == "x" else f'[sources.{source}]\nkind = "mapped"\npath = "files"\n'
    same = "".join(f'{name} = "{name}"\n' for name in HEADER.strip().split(",")[1:])
    return f'{begun}{heading}]\nfile = "{source}.csv"\n{heading}.columns]\nid = {said}\n{same}'


def test_two_sources_with_the_same_ids_are_told_until_one_has_a_prefix(tmp_path: Path) -> None:
    """x has 100 and 200, y has 700 and 20; y's 700 takes the place of x's 100."""
    ws = tmp_path / "ws"
    run("init", ws)
    files = ws / "files"
    files.mkdir()
    (files / "accounts.csv").write_text("id\na\nb\nc\n")
    (files / "x.csv").write_text(X)
    (files / "y.csv").write_text(Y)
    settings = ws / "kampass.toml"
    begun = settings.read_text() + SETTINGS + subscriptions("x", '"id"')
    settings.write_text(begun + subscriptions("y", '"id"'))
    assert TOLD in run("sync", "--workspace", ws).stderr
    assert TOLD in run("sync", "--workspace", ws).stderr, "an unchanged file is no better"
    shown = run("doctor", "--workspace", ws).stdout
    assert "Took the place of another source's row with the same key: 1 row" in shown
    assert "subscriptions 1 (y, line 2): x, line 2, states another row of this key" in shown
    settings.write_text(begun + subscriptions("y", '{ column = "id", prefix = "y:" }'))
    CliRunner().invoke(app, ["sync", "--workspace", str(ws)])
    run("data", "confirm", 6, "--workspace", ws)
    assert TOLD not in run("sync", "--workspace", ws).stderr
    assert "Took the place" not in run("doctor", "--workspace", ws).stdout
    workspace = Workspace(ws)
    (answer,) = workspace.kpi(["mrr_end"], period="2025-03")
    workspace.close()
    assert answer.value == 1020


def test_answers_of_two_forms_are_loaded_beside_each_other(tmp_path: Path) -> None:
    for month in (3, 4):
        row = f"{month}/14/2025 10:14:01,pat@acme.example,{month + 5}\n"
        (tmp_path / f"nps_{month}.csv").write_text(FORM + row)
    ws = tmp_path / "ws"
    tried = run("try", tmp_path / "nps_3.csv", tmp_path / "nps_4.csv", "--workspace", ws)
    assert "no longer count" not in tried.stderr
    workspace = Workspace(ws)
    found = workspace.snapshot().cursor().execute("SELECT id FROM responses ORDER BY 1").fetchall()
    workspace.close()
    assert found == [("nps-3:2",), ("nps-4:2",)]


def test_files_whose_own_ids_collide_are_told_when_they_are_tried(tmp_path: Path) -> None:
    for name in ("north", "south"):
        text = f"Ticket ID,Account ID,Created at\n1,{name},2025-01-13T10:00:00Z\n"
        (tmp_path / f"tickets_{name}.csv").write_text(text)
    files = [tmp_path / f"tickets_{name}.csv" for name in ("north", "south")]
    told = run("try", *files, "--workspace", tmp_path / "ws").stderr
    assert "tickets: 1 row of 'tickets-south' has the id of another row of 'tickets-north'" in told
