"""The models that the site offers."""

from __future__ import annotations

from flask import abort, current_app

from satchel.collection import Collection, Listed
from satchel_web.language import gettext


def listed_or_404(name: str) -> Listed:
    """Return the model called `name`, or the default of the task; or end the request."""
    found = models().find(name)
    if found is None:
        abort(404, gettext("There is no such model."))
    return found


def models() -> Collection:
    """Return the models of the current application."""
    found: Collection = current_app.extensions["satchel"]
    return found
