"""How pages and parts are made: a folder each, typed views, templates that only write."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from jinja2 import nodes

import kampass.web
from kampass.web.rendering import environment

WEB = Path(kampass.web.__file__).parent
PAGES = sorted(
    path for path in (WEB / "pages").iterdir() if path.is_dir() and path.name != "__pycache__"
)
TEMPLATES = sorted(path.relative_to(WEB).as_posix() for path in WEB.rglob("*.html"))
HANDED = frozenset({"caller", "range", "static"})
"""What a template may call besides macros: its block of a call, the address of a static file,
a count."""
READING = frozenset({"get", "items"})
"""What it may call of a value: reading a mapping."""


def annotations(file: Path) -> Iterator[str]:
    """Every annotation of a file, as it is written."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        for name in ("annotation", "returns"):
            if getattr(node, name, None) is not None:
                yield ast.unparse(getattr(node, name))


def calls(template: str) -> Iterator[str]:
    """What a template calls that is no macro, of its own or imported."""
    source = environment().loader.get_source(environment(), template)[0]  # type: ignore[union-attr]
    tree = environment().parse(source)
    macros = {found.name for found in tree.find_all(nodes.Macro)} | {
        name if isinstance(name, str) else name[1]
        for found in tree.find_all(nodes.FromImport)
        for name in found.names
    }
    modules = {found.target for found in tree.find_all(nodes.Import)} | {"draw"}
    for call in tree.find_all(nodes.Call):
        match call.node:
            case nodes.Name(name=name) if name in macros | HANDED:
                continue
            case nodes.Getattr(node=nodes.Name(name=name)) if name in modules:
                continue
            case nodes.Getattr(attr=name) if name in READING:
                continue
            case _:
                yield f"line {call.lineno}"


@pytest.mark.parametrize("folder", PAGES, ids=lambda folder: folder.name)
def test_a_page_is_a_folder_that_answers_its_address(folder: Path) -> None:
    assert (folder / "page.py").is_file()


@pytest.mark.parametrize(
    "file",
    [*(folder / "view.py" for folder in PAGES if (folder / "view.py").is_file())],
    ids=lambda file: file.parent.name,
)
def test_a_view_is_typed(file: Path) -> None:
    assert [text for text in annotations(file) if "Any" in text] == []


@pytest.mark.parametrize("file", sorted((WEB / "parts").glob("*.py")), ids=lambda file: file.stem)
def test_a_part_is_given_no_loose_dict(file: Path) -> None:
    """Only the words of a question, which its parts spell, are handed on as they came."""
    loose = [text for text in annotations(file) if "dict[str, Any]" in text]
    assert loose == [] or file.stem in {"question", "tiles"}


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_template_asks_nothing(template: str) -> None:
    assert list(calls(template)) == []


def test_no_page_is_made_of_another_pages_address() -> None:
    """What two pages share stands in a part or a view."""
    assert [
        (folder.name, node.module)
        for folder in PAGES
        for file in folder.glob("*.py")
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.ImportFrom)
        and (node.module or "").startswith("kampass.web.pages.")
        and (node.module or "").endswith(".page")
        and (node.module or "").split(".")[3] != folder.name
    ] == []
