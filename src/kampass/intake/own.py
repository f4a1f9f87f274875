"""The kinds of sources that come with Kampass, each behind its entry point like those of others.

What a kind reads with is loaded when a source of it is made.
"""

from pathlib import Path

from kampass.intake.kinds import SourceSettings
from kampass.model.messages import Source


def folder(settings: SourceSettings, workspace: Path, scratch: Path) -> Source:
    """Canonical files in the folder that the settings name."""
    from kampass.intake.sources.folder import FileSource

    return FileSource(settings.name, _path(settings, workspace), scratch)


def mapped(settings: SourceSettings, workspace: Path, scratch: Path) -> Source:
    """Other people's files in the folder that the settings name, read by their mappings."""
    from kampass.intake.mapping import MappedSource

    return MappedSource(settings.name, _path(settings, workspace), settings.mappings, scratch)


def sample(settings: SourceSettings, *_: Path) -> Source:
    """The sample company in the size that the settings say."""
    from kampass.intake.sources.company import SampleSource

    return SampleSource(settings.name, **settings.options)


def _path(settings: SourceSettings, workspace: Path) -> Path:
    return (workspace / str(settings.options["path"])).resolve()
