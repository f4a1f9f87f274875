"""Random worlds as folders of CSV, from the tests of this checkout: what both checkouts load."""

from pathlib import Path


def write(folder: Path, count: int) -> None:
    """Write so many worlds, each with the options that `kampass init` needs."""
    from tests.worlds import make_world

    for seed in range(count):
        world = make_world(seed)
        place = folder / f"world-{seed:02d}"
        world.write(place / "tables")
        options = {
            "--timezone": world.timezone,
            "--currency": world.currency,
            "--recorded-at": world.recorded_at.isoformat(),
        }
        words = " ".join(f"{name} {value}" for name, value in options.items())
        (place / "options.txt").write_text(f"{words}\n", encoding="utf-8")
