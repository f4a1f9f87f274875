"""`python -m docs.house`: every room of the house with its size, its names and its longest function;
then the figures that `tests/test_house.py` holds. `python -m docs.house PATH` measures another tree.
"""

import ast
import statistics
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1] / "src" / "kampass"
WIDTH = 100


def rooms(root: Path) -> dict[str, list[Path]]:
    """The files of each folder, by its path under the root."""
    found: dict[str, list[Path]] = {}
    for file in sorted(root.rglob("*.py")):
        found.setdefault(file.parent.relative_to(root.parent).as_posix(), []).append(file)
    return found


def functions(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """The lines and the name of every function of a file."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield (node.end_lineno or node.lineno) - node.lineno + 1, node.name


def names(tree: ast.Module) -> int:
    """How many classes and functions a file has at its top that are not its own affair."""
    kinds = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    return sum(isinstance(node, kinds) and not node.name.startswith("_") for node in tree.body)


def main() -> None:
    """Print the rooms and the sums."""
    root = Path(sys.argv[1]) if sys.argv[1:] else ROOT
    sizes: list[int] = []
    print(
        "| folder | files | lines | names | longest function |", "|---|---|---|---|---|", sep="\n"
    )
    for room, files in rooms(root).items():
        texts = [file.read_text(encoding="utf-8") for file in files]
        trees = [ast.parse(text) for text in texts]
        found = [each for tree in trees for each in functions(tree)]
        sizes += [size for size, _ in found]
        lines, longest = sum(text.count("\n") for text in texts), max(found, default=(0, "-"))
        count = sum(map(names, trees))
        print(f"| {room} | {len(files)} | {lines:,} | {count} | {longest[0]} {longest[1]} |")
    every = [file.read_text(encoding="utf-8") for file in root.rglob("*.py")]
    sizes.sort()
    print(
        f"\n{len(every)} files, {sum(map(len, every)):,} characters "
        f"({sum(len(''.join(text.split())) for text in every):,} without white space), "
        f"{len(sizes):,} functions: median {statistics.median(sizes):g} lines, "
        f"p99 {sizes[int(len(sizes) * 0.99)]}, longest {sizes[-1]}; "
        f"{sum(len(line) > WIDTH for text in every for line in text.splitlines())} lines over 100; "
        f"{sum(text.count('# fmt: skip') for text in every)} fmt: skip"
    )


if __name__ == "__main__":
    main()
