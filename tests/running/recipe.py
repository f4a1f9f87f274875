"""The Dockerfile as a list of stages with their steps, so that a test can follow it."""

import json
import shlex
from dataclasses import dataclass, field
from pathlib import Path

DEPLOY = Path(__file__).parents[2] / "deploy"


@dataclass
class Stage:
    """One stage of the recipe."""

    base: str
    steps: list[tuple[str, str]] = field(default_factory=list)

    def of(self, word: str) -> list[str]:
        """What stands after an instruction, for each time that it is there."""
        return [rest for name, rest in self.steps if name == word]

    def command(self, word: str) -> list[str]:
        """The words of an ENTRYPOINT, a CMD, or a HEALTHCHECK's CMD."""
        (found,) = self.of(word)
        words: list[str] = json.loads(found[found.index("[") :])
        return words

    @property
    def copies(self) -> list[tuple[list[str], str]]:
        """What is copied from the project, and where to."""
        found = [shlex.split(rest) for rest in self.of("COPY") if not rest.startswith("--from=")]
        return [(words[:-1], words[-1]) for words in found]


def stages() -> list[Stage]:
    """The stages, in their order."""
    found: list[Stage] = []
    text = (DEPLOY / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    for line in text.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        word, rest = line.split(maxsplit=1)
        if word == "FROM":
            found.append(Stage(rest.split()[0]))
        else:
            found[-1].steps.append((word, rest))
    return found
