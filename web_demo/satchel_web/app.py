"""The application factory."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from flask import Flask, Request
from werkzeug.middleware.proxy_fix import ProxyFix

from satchel.collection import Collection
from satchel.tables.class_list import Levels, Limits
from satchel_web import api, class_pages, language, pages, security
from satchel_web.class_pages import Settings
from satchel_web.kept import Kept

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


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
    limits : Limits
        What a class list may hold.
    levels : Levels
        From which risk on a student is shown as one to help first, or to watch.
    kept_bytes : int
        Memory for all class lists that are kept between two pages; the oldest goes first.
    kept_seconds : float
        How long one is kept after it was last used.
    prefix : str
        The path under which a proxy shows the site, such as ``/satchel``; empty for none. Where it
        is given, the proxy's X-Forwarded headers for it, the host and the scheme are believed.
    """

    models: Sequence[str | Path] = ()
    max_records: int = 1_000
    max_bytes: int = 4 * 2**20
    host_names: Sequence[str] | None = None
    pass_at: str | None = None
    limits: Limits = field(default_factory=Limits)
    levels: Levels = field(default_factory=Levels)
    kept_bytes: int = 64 * 2**20
    kept_seconds: float = 3600.0
    prefix: str = ""


class _InMemory(Request):
    """A request whose files stay in memory: werkzeug puts larger ones into temporary files."""

    def _get_file_stream(self, *_: object, **__: object) -> io.BytesIO:
        return io.BytesIO()


class Prefixed:
    """Serves the site under a path, whether the proxy passes that path on or cuts it off.

    Parameters
    ----------
    inner : callable
        The WSGI application.
    prefix : str
    """

    def __init__(self, inner: WSGIApplication, prefix: str) -> None:
        self._inner = ProxyFix(inner, x_for=0, x_proto=1, x_host=1, x_prefix=1)
        self._prefix = "/" + prefix.strip("/")

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request whose path begins with the prefix, or had it cut off."""
        path = environ.get("PATH_INFO", "")
        if path == self._prefix or path.startswith(f"{self._prefix}/"):
            environ["PATH_INFO"] = path.removeprefix(self._prefix) or "/"
        environ["HTTP_X_FORWARDED_PREFIX"] = self._prefix
        return self._inner(environ, start_response)


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
    app.request_class = _InMemory
    app.config["MAX_CONTENT_LENGTH"] = app.config["MAX_FORM_MEMORY_SIZE"] = config.max_bytes
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.extensions["satchel"] = Collection(config.models, config.pass_at)
    app.extensions["satchel_classes"] = Settings(config.limits, config.levels)
    app.extensions["satchel_kept"] = Kept(config.kept_bytes, config.kept_seconds)
    language.speak(app)
    app.register_blueprint(pages.blueprint)
    app.register_blueprint(class_pages.blueprint)
    app.register_blueprint(api.make_blueprint(config.max_records))
    security.protect(app, config.host_names)
    if config.prefix.strip("/"):
        app.wsgi_app = Prefixed(app.wsgi_app, config.prefix)  # type: ignore[method-assign]
    return app
