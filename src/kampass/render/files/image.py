"""Charts as PNG and SVG, drawn here: nothing is fetched.

The renderer may read no address at all, its fonts are the machine's, and Liberation Sans stands in
where Inter is not installed.
"""

from typing import Any

from kampass.render.charts import Chart, Theme, theme

_VERSION = "6.4"
_SHARPNESS = 2.0


def png(chart: Chart, look: Theme = "light") -> bytes:
    """A picture for documents and mails, at twice the screen's density."""
    import vl_convert

    return bytes(vl_convert.vegalite_to_png(dict(chart), scale=_SHARPNESS, **_options(look)))


def svg(chart: Chart, look: Theme = "light") -> bytes:
    """A picture that stays sharp at any size."""
    import vl_convert

    return str(vl_convert.vegalite_to_svg(dict(chart), **_options(look))).encode()


def _options(look: Theme) -> dict[str, Any]:
    return {"vl_version": _VERSION, "config": theme(look), "allowed_base_urls": []}
