"""What runs with Kampass is listed by one command, which refuses licences that are not permissive."""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from docs import sbom
from docs.sbom import Component, cyclonedx, licence_of, permissive

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `make sbom` writes."""
    folder = tmp_path_factory.mktemp("sbom")
    done = subprocess.run(
        [sys.executable, "-m", "docs.sbom", str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def bom(written: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((written / "kampass.cdx.json").read_text(encoding="utf-8"))
    return found


def test_every_package_of_a_run_is_listed_and_none_of_the_tests(bom: dict[str, Any]) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = {re.split(r"[^\w-]", needed)[0] for needed in project["dependencies"]}
    names = {each["name"] for each in bom["components"]}
    assert len(declared) > 20
    assert declared <= names
    assert {"vega", "htmx.org", "psycopg", "starlette"} <= names
    assert not {"pytest", "ruff", "hypothesis", "playwright", "esbuild"} & names


def test_what_no_extra_has_to_bring_is_required(bom: dict[str, Any]) -> None:
    scopes = {each["name"]: each["scope"] for each in bom["components"]}
    assert scopes["certifi"] == scopes["anyio"] == scopes["prometheus-client"] == "required"
    assert scopes["psycopg"] == scopes["altair"] == scopes["mcp"] == "optional"


def test_the_list_holds_together(bom: dict[str, Any]) -> None:
    """As CycloneDX 1.6 has it: each reference once, and only to what is there."""
    references = [each["bom-ref"] for each in bom["components"]]
    references.append(bom["metadata"]["component"]["bom-ref"])
    assert len(references) == len(set(references))
    for each in bom["dependencies"]:
        assert {each["ref"], *each["dependsOn"]} <= set(references)
    assert (bom["bomFormat"], bom["specVersion"], bom["version"]) == ("CycloneDX", "1.6", 1)
    assert re.fullmatch(r"urn:uuid:[0-9a-f-]{36}", bom["serialNumber"])
    assert all(each["purl"].startswith(("pkg:pypi/", "pkg:npm/")) for each in bom["components"])


def test_every_package_has_its_line_and_every_exception_its_reason(
    written: Path, bom: dict[str, Any]
) -> None:
    lines = (written / "licences.md").read_text(encoding="utf-8").splitlines()[2:]
    assert len(lines) == len(bom["components"])
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert {why for *_, why in rows} == {"permissive", *sbom.EXCEPTIONS.values()}
    assert {(row[0], row[3]) for row in rows if row[4] != "permissive"} == sbom.EXCEPTIONS.keys()


@pytest.mark.parametrize(
    ("licence", "is_so"),
    [
        ("MIT", True),
        ("Apache-2.0 AND BSD-2-Clause", True),
        ("GPL-3.0-only OR MIT", True),
        ("MIT AND LGPL-3.0-only", False),
        ("AGPL-3.0-only", False),
        ("Elastic-2.0", False),
        ("unknown", False),
    ],
)
def test_a_licence_is_permissive_where_all_that_holds_at_once_is(licence: str, is_so: bool) -> None:
    assert permissive(licence) is is_so


def test_an_exception_is_for_one_package_and_one_licence() -> None:
    assert Component("psycopg", "1", "LGPL-3.0-only").is_taken
    assert not Component("psycopg", "1", "GPL-3.0-only").is_taken
    assert not Component("other", "1", "LGPL-3.0-only").is_taken


def test_a_licence_that_nobody_can_read_is_unknown_and_never_taken_for_another() -> None:
    assert licence_of("x", [None, "see LICENSE", "MIT License"]) == "MIT"
    assert licence_of("x", ["BSD License"]) == "unknown"
    assert licence_of("jinja2", [None, "BSD License"]) == "BSD-3-Clause"


def test_a_package_that_is_not_permissive_ends_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sbom, "installed", lambda: [Component("taken", "1", "GPL-3.0-only")])
    monkeypatch.setattr(sys, "argv", ["sbom", str(tmp_path)])
    assert sbom.main() == 1
    assert "taken 1: GPL-3.0-only is not permissive" in capsys.readouterr().err
    assert "**no**" in (tmp_path / "licences.md").read_text(encoding="utf-8")


def test_the_same_packages_give_the_same_list_in_any_order() -> None:
    some = [Component("b", "1", "MIT", needs=("a",)), Component("a", "2", "MIT")]
    assert cyclonedx(some) == cyclonedx(some[::-1])
