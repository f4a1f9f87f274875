"""The colours of the look: every pair of ink and ground that occurs can be read, in light and in
dark, worked out from the style sheet itself.

Conversion: OKLab to linear sRGB (Björn Ottosson, 2020); contrast: WCAG 2.2, relative luminance.
Out-of-gamut channels are clipped, as browsers do.
"""

import math
import re
from pathlib import Path

import pytest
from tests.each import each

import kampass.web

TOKENS = Path(kampass.web.__file__).parent / "static" / "css" / "tokens.css"
PAIR = re.compile(r"--([a-z0-9-]+): light-dark\(oklch\(([\d. ]+)\), oklch\(([\d. ]+)\)\);")

GROUNDS = ("ground", "surface", "raised", "sunken", "hover")
TEXT = (
    [
        (ink, ground)
        for ink in ("ink", "ink-2", "ink-3", "accent", "good", "bad", "warn")
        for ground in GROUNDS
    ]
    + [(ink, f"{ink}-soft") for ink in ("accent", "good", "bad", "warn")]
    + [("ink", f"{tone}-soft") for tone in ("accent", "good", "bad", "warn")]
    + [("ink-2", f"{tone}-soft") for tone in ("accent", "good", "bad", "warn")]
    + [("ink-3", "accent-soft"), ("good", "accent-soft"), ("bad", "accent-soft")]
    + [
        ("on-fill", fill)
        for fill in ("accent-fill", "accent-fill-hover", "bad-fill", "bad-fill-hover")
    ]
    + [("heat-ink", f"heat-{step}") for step in range(1, 8)]
    + [(f"code-{voice}", "sunken") for voice in ("word", "text", "note")]
)
SHAPES = [
    (f"data-{series}", ground)
    for series in range(1, 7)
    for ground in ("surface", "raised", "ground")
] + [
    (line, ground)
    for line in ("line-strong", "accent", "good", "bad")
    for ground in ("surface", "raised", "sunken", "ground")
]

Colour = tuple[float, float, float]


def colours(theme: str) -> dict[str, Colour]:
    which = {"light": 2, "dark": 3}[theme]
    found = {match[1]: match[which] for match in PAIR.finditer(TOKENS.read_text("utf-8"))}
    return {name: tuple(float(part) for part in text.split()) for name, text in found.items()}


def luminance(colour: Colour) -> float:
    lightness, chroma, hue = colour
    a, b = chroma * math.cos(math.radians(hue)), chroma * math.sin(math.radians(hue))
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    red = 4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short
    green = -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short
    blue = -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short
    red, green, blue = (min(max(channel, 0.0), 1.0) for channel in (red, green, blue))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: Colour, other: Colour) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_the_arithmetic_agrees_with_known_contrasts() -> None:
    assert contrast((1, 0, 0), (0, 0, 0)) == pytest.approx(21, abs=0.01)
    assert contrast((1, 0, 0), (0.5999, 0, 0)) == pytest.approx(3.95, abs=0.02)  # white on #808080
    assert contrast((1, 0, 0), (0.6280, 0.2577, 29.23)) == pytest.approx(
        4.0, abs=0.01
    )  # white on #ff0000


@pytest.mark.parametrize("theme", ["light", "dark"])
@each(("ink", "ground"), TEXT)
def test_text_can_be_read_on_every_ground_it_stands_on(theme: str, ink: str, ground: str) -> None:
    seen = colours(theme)
    assert contrast(seen[ink], seen[ground]) >= 4.5, f"--{ink} on --{ground}, {theme}"


@pytest.mark.parametrize("theme", ["light", "dark"])
@each(("shape", "ground"), SHAPES)
def test_shapes_and_edges_stand_out_from_their_ground(theme: str, shape: str, ground: str) -> None:
    seen = colours(theme)
    assert contrast(seen[shape], seen[ground]) >= 3, f"--{shape} on --{ground}, {theme}"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_heat_goes_one_way_and_its_neighbours_differ(theme: str) -> None:
    seen = colours(theme)
    steps = [luminance(seen[f"heat-{step}"]) for step in range(1, 8)]
    assert steps == sorted(steps, reverse=theme == "light")
    assert all(
        contrast(seen[f"heat-{step}"], seen[f"heat-{step + 1}"]) > 1.08 for step in range(1, 7)
    )


def test_both_themes_name_every_colour_that_the_style_sheets_use() -> None:
    names = set(re.findall(r"--([a-z0-9-]+):", TOKENS.read_text("utf-8")))
    used = {
        name
        for sheet in TOKENS.parent.glob("*.css")
        for name in re.findall(r"var\(--([a-z0-9-]+)[,)]", sheet.read_text("utf-8"))
    }
    assert used <= names
    assert colours("light").keys() == colours("dark").keys()


def test_motion_is_short_and_can_be_switched_off() -> None:
    text = TOKENS.read_text("utf-8")
    assert int(re.search(r"--quick: (\d+)ms", text)[1]) < 150  # type: ignore[index]
    assert "prefers-reduced-motion: reduce" in text
