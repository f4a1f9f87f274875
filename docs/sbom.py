"""`python -m docs.sbom FOLDER`: what runs when Kampass runs, as a CycloneDX list and as a table of
licences; it fails on a licence that is not permissive and on a package that is not as locked.

A script of our own, for what it takes is here: `uv.lock` says which packages a run needs (those of
`cyclonedx-bom` would be the whole environment, tests and all), each package's metadata its
licence, and `LICENCES.txt` of the build what pages load from npm.
"""

import json
import re
import sys
import tomllib
import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path
from typing import Any

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression
from packaging.markers import Marker
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
SHIPPED = ROOT / "src" / "kampass" / "web" / "static" / "vendor" / "LICENCES.txt"
PERMISSIVE = frozenset(
    [
        "0BSD",
        "Apache-2.0",
        "BSD-2-Clause",
        "BSD-3-Clause",
        "CC0-1.0",
        "ISC",
        "MIT",
        "MIT-0",
        "PSF-2.0",
        "Unlicense",
        "Zlib",
    ]
)
EXCEPTIONS = {
    ("certifi", "MPL-2.0"): "a list of certificates, unchanged; the licence ends at its files",
    ("psycopg", "LGPL-3.0-only"): "the extra `postgres` alone; a library that is replaced freely",
    ("psycopg-binary", "LGPL-3.0-only"): "as psycopg",
    ("@fontsource-variable/inter", "OFL-1.1"): "a font, unchanged; the licence is for fonts",
}
"""What is not permissive and taken all the same, by package and licence, each with its reason."""
SAID_LOOSELY = {
    ("altair", "BSD License"): "BSD-3-Clause",
    ("jinja2", "BSD License"): "BSD-3-Clause",
    ("segno", "BSD License"): "BSD-3-Clause",
}
"""What a package's own text says where its metadata names a family of licences only."""
WORDS = {
    "MIT License": "MIT",
    "ISC License (ISCL)": "ISC",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "BSD-0-Clause": "0BSD",
}
UNKNOWN = "unknown"
_SHIPPED = re.compile(r"^(\S+) (\d\S*) \(([^)]+)\)$", re.MULTILINE)


@dataclass(frozen=True)
class Component:
    """A package that runs with Kampass; `extra` is the one that brings it, empty where none has
    to.
    """

    name: str
    version: str
    licence: str
    kind: str = "pypi"
    extra: str = ""
    needs: tuple[str, ...] = ()

    @property
    def purl(self) -> str:
        """Its address among all packages."""
        return f"pkg:{self.kind}/{self.name.replace('@', '%40')}@{self.version}"

    @property
    def is_taken(self) -> bool:
        """Whether its licence is permissive, or an exception with a reason."""
        return permissive(self.licence) or (self.name, self.licence) in EXCEPTIONS


def permissive(licence: str) -> bool:
    """Whether every licence that holds at once, or one of those to choose from, is permissive.

    >>> [permissive(text) for text in ("MIT AND 0BSD", "GPL-3.0-only OR MIT", "MIT AND MPL-2.0")]
    [True, True, False]
    """
    return any(
        all(part.strip("() ") in PERMISSIVE for part in choice.split(" AND "))
        for choice in licence.split(" OR ")
    )


def locked() -> Iterator[tuple[Mapping[str, Any], str]]:
    """The packages of the lock file that a run on this machine needs, each with the extra that
    brings it.
    """
    packages: dict[str, list[dict[str, Any]]] = {}
    lock = tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))
    for package in lock["package"]:
        packages.setdefault(package["name"], []).append(package)
    (root,) = packages["kampass"]
    waiting = [(needed, "") for needed in root["dependencies"]]
    for extra, needs in root["optional-dependencies"].items():
        waiting += [(needed, extra) for needed in needs]
    seen = set()
    while waiting:
        needed, extra = waiting.pop(0)
        if not _holds(needed):
            continue
        package = next(
            each
            for each in packages[needed["name"]]
            if needed.get("version") in {None, each["version"]}
        )
        more = package.get("optional-dependencies", {})
        further = [each for name in needed.get("extra", ()) for each in more.get(name, ())]
        if package["name"] not in seen:
            seen.add(package["name"])
            further += package.get("dependencies", ())
            yield package, extra
        # What needs no extra comes before what does, so that it is not said to need one.
        waiting = (
            waiting + [(each, extra) for each in further]
            if extra
            else [(each, extra) for each in further] + waiting
        )


def _holds(needed: Mapping[str, Any]) -> bool:
    return "marker" not in needed or Marker(needed["marker"]).evaluate()


def installed() -> Iterator[Component]:
    """The same as they are installed here."""
    for package, extra in locked():
        name, version = package["name"], package["version"]
        try:
            about = metadata(name)
        except PackageNotFoundError:
            raise SystemExit(f"{name} {version} is locked and not installed: make setup") from None
        if about["Version"] != version:
            raise SystemExit(
                f"{name} is locked at {version}, and {about['Version']} is installed: make setup"
            )
        needs = tuple(
            canonicalize_name(each["name"])
            for each in package.get("dependencies", ())
            if _holds(each)
        )
        said = [
            about["License-Expression"],
            about["License"],
            *(
                text.split(" :: ")[-1]
                for text in about.get_all("Classifier", [])
                if "License" in text
            ),
        ]
        yield Component(name, version, licence_of(name, said), "pypi", extra, needs)


def shipped() -> Iterator[Component]:
    """What pages load that comes from npm."""
    for name, version, licence in _SHIPPED.findall(SHIPPED.read_text(encoding="utf-8")):
        yield Component(name, version, licence_of(name, [licence]), "npm")


def licence_of(name: str, said: Iterable[str | None]) -> str:
    """The first of what a package says of its licence that is one, in SPDX's words."""
    for text in filter(None, said):
        wanted = SAID_LOOSELY.get((name, text)) or WORDS.get(text, text)
        try:
            return str(canonicalize_license_expression(wanted))
        except InvalidLicenseExpression:
            continue
    return UNKNOWN


def cyclonedx(components: Iterable[Component]) -> dict[str, Any]:
    """The list in CycloneDX 1.6; the same for the same packages."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    found, root = sorted(components, key=lambda each: each.purl), f"pkg:pypi/kampass@{version}"
    by_name = {each.name: each.purl for each in found if each.kind == "pypi"}
    number = uuid.uuid5(uuid.NAMESPACE_URL, "\n".join([root, *(each.purl for each in found)]))
    about = {"type": "application", "bom-ref": root, "name": "kampass", "version": version}
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{number}",
        "version": 1,
        "metadata": {
            "component": about | {"purl": root, "licenses": [{"expression": "Apache-2.0"}]}
        },
        "components": [_component(each) for each in found],
        "dependencies": [
            {"ref": root, "dependsOn": [each.purl for each in found]},
            *(
                {"ref": each.purl, "dependsOn": sorted({by_name[name] for name in each.needs})}
                for each in found
            ),
        ],
    }


def _component(each: Component) -> dict[str, Any]:
    return {
        "type": "library",
        "bom-ref": each.purl,
        "name": each.name,
        "version": each.version,
        "scope": "optional" if each.extra else "required",
        "licenses": [{"expression": each.licence}],
        "purl": each.purl,
    }


def table(components: Iterable[Component]) -> str:
    """The licences as a table for people."""
    lines = ["| package | version | from | licence | taken because |", "|---|---|---|---|---|"]
    for each in sorted(components, key=lambda each: (each.kind, each.name)):
        place = f"{each.kind}, extra {each.extra}" if each.extra else each.kind
        why = EXCEPTIONS.get((each.name, each.licence), "permissive" if each.is_taken else "**no**")
        lines.append(f"| {each.name} | {each.version} | {place} | {each.licence} | {why} |")
    return "\n".join(lines) + "\n"


def main() -> int:
    """Write both into the folder that is named; the exit code."""
    folder = Path(sys.argv[1] if sys.argv[1:] else ROOT / "build" / "sbom")
    components = [*installed(), *shipped()]
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(cyclonedx(components), indent=1) + "\n"
    (folder / "kampass.cdx.json").write_text(text, encoding="utf-8")
    (folder / "licences.md").write_text(table(components), encoding="utf-8")
    refused = [each for each in components if not each.is_taken]
    for each in refused:
        print(f"{each.name} {each.version}: {each.licence} is not permissive", file=sys.stderr)
    taken = sum((each.name, each.licence) in EXCEPTIONS for each in components)
    print(f"{len(components)} packages, {taken} by exception: {folder}", file=sys.stderr)
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main())
