"""The language of a page: as the browser asks for it, or as it was chosen by hand."""

from __future__ import annotations

import flask_babel
from flask import Flask, Response, request
from flask_babel import Babel, get_locale, get_translations, lazy_gettext

LANGUAGES = {"en": "English", "fr": "Français", "ar": "العربية"}
DRAFTS = ("ar",)  # that no speaker has read yet
COOKIE = "satchel_language"
YEAR = 365 * 24 * 3600

__all__ = ["gettext", "lazy_gettext", "number", "said", "speak"]


def gettext(text: str, **variables: object) -> str:
    """Return a sentence of the site in the language of the page, with its variables."""
    return str(flask_babel.gettext(text, **variables))


def choose() -> str:
    """Return the language of this request."""
    for wanted in (request.args.get("lang"), request.cookies.get(COOKIE)):
        if wanted in LANGUAGES:
            return wanted
    return request.accept_languages.best_match(list(LANGUAGES)) or "en"


def said(text: str) -> str:
    """Return a sentence of a spec, or of an error, in the language of the page."""
    return str(get_translations().ugettext(text)) if text else ""


def number(value: float, digits: int = 2) -> str:
    """Return a number as the language of the page writes it."""
    return str(flask_babel.format_decimal(round(value, digits)))


def speak(app: Flask) -> None:
    """Let the pages of `app` speak the languages that there are catalogues for."""
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = "translations"
    Babel(app, locale_selector=choose)
    app.after_request(_keep)
    app.add_template_filter(said)
    app.add_template_filter(number)
    app.context_processor(_spoken)


def _spoken() -> dict[str, object]:
    return {"languages": LANGUAGES, "drafts": DRAFTS, "locale": get_locale()}


def _keep(response: Response) -> Response:
    """Keep the language that was chosen by hand."""
    if request.args.get("lang") in LANGUAGES:
        response.set_cookie(
            COOKIE, request.args["lang"], max_age=YEAR, httponly=True, samesite="Lax"
        )
    return response
