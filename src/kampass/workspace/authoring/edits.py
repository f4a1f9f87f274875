"""Changes to a definition's text that leave everything else in it as it was written: another
version, one KPI less.
"""

import json
import textwrap
from typing import Any, Final

import yaml

_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def with_version(text: str, kpi_id: str, version: int) -> str | None:
    r"""The text with another version of a KPI; None where its entry is not written line by line.

    >>> with_version("kpis:\n  - id: a\n    name: A\n", "a", 2)
    'kpis:\n  - id: a\n    version: 2\n    name: A\n'
    """
    entry = _entries(text).get(kpi_id)
    if entry is None or entry.flow_style:
        return None
    keys = {key.value: (key, value) for key, value in entry.value}
    if "version" in keys:
        return _replaced(text, keys["version"][1], str(version))
    key, value = keys["id"]
    end = text.find("\n", value.end_mark.index)
    end = len(text) if end < 0 else end
    return f"{text[:end]}\n{' ' * key.start_mark.column}version: {version}{text[end:]}"


def copied(text: str, kpi_id: str, as_id: str) -> str:
    r"""The text with a KPI under another id and name, from version 1.

    >>> copied("kpis:\n  - id: a\n    name: 'A'\n    version: 3\n", "a", "b")
    'kpis:\n  - id: b\n    name: "A (copy)"\n    version: 1\n'
    """
    entry = _entries(text)[kpi_id]
    nodes = {key.value: value for key, value in entry.value}
    given = {
        "id": as_id,
        "name": json.dumps(f"{nodes['name'].value} (copy)", ensure_ascii=False),
        "version": "1",
    }
    for name in sorted(given.keys() & nodes.keys(), key=lambda name: -nodes[name].start_mark.index):
        text = _replaced(text, nodes[name], given[name])
    return text


def alone(text: str, kpi_id: str) -> str:
    """A file of one KPI out of a file of several: as it is written there, or, where it borrows from
    others, written out.
    """
    entries = _entries(text)
    entry = entries[kpi_id]
    head = "".join(
        line for line in text.splitlines(keepends=True)[:3] if line.startswith("family:")
    )
    first = entry.start_mark.line
    last = min(
        (each.start_mark.line for each in entries.values() if each.start_mark.line > first),
        default=len(text.splitlines()),
    )
    cut = f"{head}kpis:\n{''.join(text.splitlines(keepends=True)[first:last]).rstrip()}\n"
    try:
        if yaml.compose(cut, Loader=_LOADER) is not None:
            return cut
    except yaml.YAMLError:
        pass
    return f"{head}kpis:\n" + textwrap.indent(
        yaml.dump(
            [_plain(entry)],
            Dumper=_Dumper,
            sort_keys=False,
            allow_unicode=True,
            width=140,
            default_flow_style=None,
        ),
        "  ",
    )


def without(text: str, kpi_id: str) -> str | None:
    r"""The text without a KPI; None where its entry is not written line by line.

    >>> without("kpis:\n  - id: a\n    name: A\n  - id: b\n", "a")
    'kpis:\n  - id: b\n'
    """
    entries = _entries(text)
    entry = entries.get(kpi_id)
    if entry is None or entry.flow_style or len(entries) == 1:
        return None
    lines = text.splitlines(keepends=True)
    first = entry.start_mark.line
    later = [each.start_mark.line for each in entries.values() if each.start_mark.line > first]
    last = min(later, default=max(entry.end_mark.line, first + 1))
    return "".join(lines[:first] + lines[last:])


def starts(text: str) -> dict[str, int]:
    """The line on which each KPI begins."""
    return {kpi_id: entry.start_mark.line + 1 for kpi_id, entry in _entries(text).items()}


def _entries(text: str) -> dict[str, Any]:
    """The nodes of the KPIs by id; the text has been read before, so it is what a definition file
    is.
    """
    document: Any = yaml.compose(text, Loader=_LOADER)
    listed = next(value for key, value in document.value if key.value == "kpis")
    ids = (
        (next((value.value for key, value in entry.value if key.value == "id"), ""), entry)
        for entry in listed.value
    )
    return {kpi_id: entry for kpi_id, entry in ids if kpi_id}


def example_lines(text: str, kpi_id: str) -> dict[int, int]:
    """The line on which each example of a KPI begins, by its number."""
    entry = _entries(text).get(kpi_id)
    listed = (
        next((value for key, value in entry.value if key.value == "examples"), None)
        if entry is not None
        else None
    )
    return (
        {number: node.start_mark.line + 1 for number, node in enumerate(listed.value, start=1)}
        if listed is not None
        else {}
    )


def _replaced(text: str, node: Any, written: str) -> str:
    return text[: node.start_mark.index] + written + text[node.end_mark.index :]


class _Loader(yaml.SafeLoader):
    """Leaves what looks like a date as the text that it is."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


class _Dumper(yaml.SafeDumper):
    """Writes aliases out and lines below each other, and leaves what looks like a date as it is."""

    yaml_implicit_resolvers = _Loader.yaml_implicit_resolvers

    def ignore_aliases(self, data: Any) -> bool:
        """Nothing is borrowed."""
        del data
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar(
        "tag:yaml.org,2002:str", text, style="|" if "\n" in text else None
    )


_Dumper.add_representer(str, _text)


def _plain(node: Any) -> Any:
    """The value of a node."""
    loader = _Loader("")
    try:
        return loader.construct_document(node)
    finally:
        loader.dispose()
