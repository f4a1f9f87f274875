"""YAML whose mappings remember the line on which they begin."""

from typing import Any

import yaml

from kampass.errors import DefinitionError


def parse(text: str, place: str) -> Any:
    """The one document of a text; DefinitionError where it cannot be read."""
    try:
        # A safe loader that also notes lines.
        return yaml.load(text, Loader=_Loader)  # noqa: S506
    except (yaml.YAMLError, ValueError, TypeError, AttributeError, RecursionError) as wrong:
        # PyYAML lets what a tag's own constructor raises through as it is.
        raise DefinitionError(f"{place} is not YAML that can be read: {wrong}") from None


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """A safe loader whose mappings remember their line."""


def _mapping(loader: Any, node: yaml.MappingNode) -> dict[Any, Any]:
    loader.flatten_mapping(node)
    made = _Mapping(loader.construct_mapping(node, deep=True))
    made.line = node.start_mark.line + 1
    return made


class _Mapping(dict[Any, Any]):
    line = 0


_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in _Loader.yaml_implicit_resolvers.items()
}
