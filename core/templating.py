"""What every template may use: filters for money, dates and Markdown, the settings, the site's name."""

import hashlib
from functools import lru_cache
from pathlib import Path

from flask import Flask
from flask_babel import format_decimal, get_locale

from core import clock, languages, switches
from core.money import Money
from core.plain import plain
from core.text import markdown

LICENCES = {  # name and address, by what stands in the database
    "cc0": ("CC0 1.0", "https://creativecommons.org/publicdomain/zero/1.0/"),
    "cc-by": ("CC BY 4.0", "https://creativecommons.org/licenses/by/4.0/"),
    "cc-by-sa": ("CC BY-SA 4.0", "https://creativecommons.org/licenses/by-sa/4.0/"),
    "cc-by-nc-nd": ("CC BY-NC-ND 4.0", "https://creativecommons.org/licenses/by-nc-nd/4.0/"),
}


def _locale() -> str:
    return str(get_locale() or "en")


@lru_cache(maxsize=1)
def _stamp(app: Flask) -> str:
    """Names the stylesheet's content, so that browsers may keep it for good."""
    return hashlib.sha256((Path(app.static_folder or "") / "css" / "site.css").read_bytes()).hexdigest()[:12]


def init_app(app: Flask) -> None:
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters.update(
        markdown=markdown,
        plain=plain,
        day=lambda value: clock.day(value, _locale()),
        moment=lambda value, zone: clock.in_zone(value, zone, _locale()),
        number=lambda value: format_decimal(value),
        money=lambda value: value.text(_locale()) if isinstance(value, Money) else value,
    )
    settings = app.config["UNDERSIGNED"]
    app.jinja_env.globals["stylesheet"] = lambda: f"/static/css/site.css?v={_stamp(app)}"
    app.jinja_env.globals.update(
        settings=settings,
        languages=languages,
        gifts_taken=switches.gifts_taken,
        get_locale=get_locale,
        now=clock.now,
        licence=lambda: LICENCES.get(switches.licence()),
    )
