"""The house stands as docs/architecture.md draws it, on the paper that it names."""

import ast
import re
import statistics
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "kampass"
WIDTH, LONGEST_FUNCTION, LONGEST_FILE = 100, 60, 500
EXCEPTIONS = {
    # `Answer.chart()` and the words of a result are public, and asked for lazily.
    ("kampass.engine.answer", "kampass.render.charts"),
    ("kampass.engine.answer", "kampass.render.display"),
}


@cache
def files() -> dict[str, Path]:
    """Every file by its module's name."""
    return {
        ".".join(("kampass", *file.relative_to(SOURCE).with_suffix("").parts)).removesuffix(
            ".__init__"
        ): file
        for file in SOURCE.rglob("*.py")
    }


@cache
def tree_of(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"))


def imports(module: str) -> Iterator[str]:
    """What a file imports of the house, wherever in the file it does so."""
    for node in ast.walk(tree_of(files()[module])):
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                name = f"{node.module}.{alias.name}"
                yield name if name in files() else node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def functions() -> Iterator[tuple[int, str]]:
    """The lines of every function, and where it stands."""
    for module, file in files().items():
        for node in ast.walk(tree_of(file)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield (node.end_lineno or node.lineno) - node.lineno + 1, f"{module}.{node.name}"


def test_the_drawing_shows_every_room_and_no_other() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    (drawing,) = re.findall(r"```\nsrc/kampass/\n(.*?)```", page, re.DOTALL)
    drawn = set(re.findall(r"^  (\w+)(?:/|\.py)", drawing, re.MULTILINE))
    there = {
        path.stem
        for path in SOURCE.iterdir()
        if not path.name.startswith("_") and (path.suffix == ".py" or any(path.glob("*.py")))
    }
    assert drawn == there


def test_no_file_imports_itself_by_way_of_others() -> None:
    """Imports inside functions and for types alone count too."""
    edges = {
        module: {
            name for name in imports(module) if name in files() and (module, name) not in EXCEPTIONS
        }
        - {module}
        for module in files()
    }
    left = dict(edges)
    while free := [module for module, wanted in left.items() if not wanted & left.keys()]:
        for module in free:
            del left[module]
    circle = {module: sorted(wanted & left.keys()) for module, wanted in left.items()}
    assert not circle


def test_an_exception_that_nothing_needs_is_none() -> None:
    assert all(name in set(imports(module)) for module, name in EXCEPTIONS)


def test_a_class_name_means_one_thing() -> None:
    places = defaultdict(list)
    for module, file in files().items():
        for node in tree_of(file).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places[node.name].append(module)
    assert not {name: found for name, found in places.items() if len(found) > 1}


def test_lines_fit_on_the_paper() -> None:
    wide = [
        f"{module}:{number}"
        for module, file in files().items()
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1)
        if len(line) > WIDTH
    ]
    assert not wide


def test_functions_and_files_are_short() -> None:
    sizes = sorted(size for size, _ in functions())
    assert not [place for size, place in functions() if size > LONGEST_FUNCTION]
    assert statistics.median(sizes) <= 10
    assert sizes[int(len(sizes) * 0.99)] <= 50
    lengths = {
        module: len(file.read_text(encoding="utf-8").splitlines())
        for module, file in files().items()
    }
    assert not {module: length for module, length in lengths.items() if length > LONGEST_FILE}
