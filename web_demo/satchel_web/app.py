"""The application factory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from flask import Flask

from satchel_web import api, pages, security
from satchel_web.models import Models


@dataclass(frozen=True, slots=True)
class Config:
    """Settings of the site.

    Attributes
    ----------
    models : sequence of paths
        Folders of bundles of one's own, beside the shipped ones and ``SATCHEL_MODELS``.
    max_records : int
        Records that one request may hold.
    max_bytes : int
        Size of the largest request that is read.
    host_names : sequence of str, or None
        Names in the Host header that are answered; any other is refused, so that no page of
        another name reaches a site on this machine (DNS rebinding). None for all.
    pass_at : str or None
        The school's own pass mark, best as a share such as ``40/100``, for every model that gives
        a distribution of scores.
    """

    models: Sequence[str | Path] = ()
    max_records: int = 1_000
    max_bytes: int = 4 * 2**20
    host_names: Sequence[str] | None = None
    pass_at: str | None = None


def create_app(config: Config | None = None) -> Flask:
    """Return the site as a WSGI application.

    Parameters
    ----------
    config : Config, optional

    Raises
    ------
    satchel.BundleError
        Where a bundle is damaged, or two have the same name.
    satchel.SatchelError
        Where the pass mark does not fit a model.
    """
    config = config or Config()
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = config.max_bytes
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.extensions["satchel"] = Models(config.models, config.pass_at)
    app.register_blueprint(pages.blueprint)
    app.register_blueprint(api.make_blueprint(config.max_records))
    security.protect(app, config.host_names)
    return app
