"""What every answer of the site has in common: headers, refusals, and silence in the log."""

from __future__ import annotations

import re
import traceback
from collections.abc import Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from flask import Flask, Response, abort, current_app, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import (
    HTTPException,
    InternalServerError,
    MethodNotAllowed,
    NotFound,
    RequestEntityTooLarge,
    ServiceUnavailable,
)

from satchel import BundleError
from satchel_web.api import PREFIX, problem
from satchel_web.language import gettext, lazy_gettext

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    # Not no-referrer: with it browsers send "Origin: null", by which forms could not be told
    # from those of other sites where Sec-Fetch-Site is missing, as it is over plain HTTP.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
# A name or address, and a port.
_HOST = re.compile(r"(\[[0-9a-fA-F:.]{2,45}\]|[A-Za-z0-9._-]{1,253})(?::[0-9]{1,5})?")
TITLES = {
    400: lazy_gettext("This request cannot be understood"),
    403: lazy_gettext("Not allowed"),
    404: lazy_gettext("Not found"),
    405: lazy_gettext("Not allowed"),
    410: lazy_gettext("No longer here"),
    413: lazy_gettext("Too large"),
    415: lazy_gettext("This request cannot be understood"),
    422: lazy_gettext("This cannot be read"),
    500: lazy_gettext("Something went wrong here"),
}
# What werkzeug says by itself, in a teacher's words.
TEXTS = {
    NotFound.description: lazy_gettext("There is no such page."),
    InternalServerError.description: lazy_gettext(
        "The site failed at this. Nothing that you entered was kept in its log."
    ),
}
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")


def protect(app: Flask, host_names: Sequence[str] | None = None) -> None:
    """Put all of this around `app`.

    Parameters
    ----------
    app : Flask
    host_names : sequence of str, or None
        Names in the Host header that are answered; None for all.
    """
    app.wsgi_app = _Gate(app, app.wsgi_app, host_names)  # type: ignore[method-assign]
    app.log_exception = partial(_log_caught, app)  # type: ignore[method-assign]
    app.before_request(refuse_cross_site)
    app.after_request(add_headers)
    app.register_error_handler(HTTPException, show_error)
    app.register_error_handler(Exception, show_failure)


def refuse_cross_site() -> None:
    """Refuse what a page of another site makes a browser send (CSRF).

    By the headers with which every browser since 2023 tells where a request comes from, so
    that no token, cookie or secret is kept; a request without them comes from no browser.
    The method is that of Go's ``http.CrossOriginProtection``; OWASP's Cross-Site Request
    Forgery Prevention Cheat Sheet describes it under Fetch Metadata.
    """
    if request.method in SAFE_METHODS:
        return
    site = request.headers.get("Sec-Fetch-Site")
    origin = request.headers.get("Origin")
    if site is not None:
        allowed = site in ("same-origin", "none")
    else:
        allowed = origin is None or _host_of(origin) == request.host
    if not allowed:
        abort(
            403,
            "This request was sent by a page of another site. Behind a proxy, let it pass the "
            "header Host on (nginx: proxy_set_header Host $http_host).",
        )


def _host_of(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc
    except ValueError:  # such as a bracket that is not closed
        return None


def add_headers(response: Response) -> Response:
    """Add the headers; an answer about a person is kept in no cache."""
    response.headers.update(HEADERS)
    if request.endpoint != "static":
        response.headers["Cache-Control"] = "no-store"
    return response


def show_error(error: HTTPException) -> ResponseReturnValue:
    """Answer an error of HTTP, as a problem document or a page."""
    status = error.code or 500
    if status < 400:  # a redirection is an exception too
        return error.get_response()
    text = error.description or ""
    extra: dict[str, int] = {}
    if isinstance(error, RequestEntityTooLarge) and request.max_content_length is not None:
        extra = {"max_bytes": request.max_content_length}
        text = f"The request holds more than {request.max_content_length} bytes: send it in parts."
    if request.path == "/healthz" or f"{request.path}/".startswith(f"{PREFIX}/"):
        answer = problem(status, text, extra)
    else:
        if extra:
            text = gettext(
                "The request holds more than %(bytes)s bytes: send it in parts.",
                bytes=extra["max_bytes"],
            )
        answer = _page(str(TITLES.get(status, error.name)), str(TEXTS.get(text, text)), status)
    if isinstance(error, MethodNotAllowed):
        answer.allow.update(error.valid_methods or ())
    return answer


def _page(title: str, text: str, status: int) -> Response:
    """Return the page of an error; plain text where a page cannot be made of this request."""
    try:
        page = render_template("error.html", title=title, text=text)
        return Response(page, status, mimetype="text/html")
    except (RuntimeError, HTTPException):  # a Host of no form, so that no address can be built
        return Response(f"{title}\n\n{text}\n", status, mimetype="text/plain")


def show_failure(error: Exception) -> ResponseReturnValue:
    """Answer a failure of the site itself."""
    _log(current_app, error, request.endpoint)
    if isinstance(error, BundleError):  # its file is being replaced, or was damaged
        text = gettext("The file of this model cannot be read now. Try again in a moment.")
        return show_error(ServiceUnavailable(text))
    return show_error(InternalServerError())


class _Gate:
    """Stands before everything: refuses a Host, and answers what nothing else has answered.

    That is an error on the way of an error.

    Parameters
    ----------
    app : Flask
        Whose log gets the kind of error and the lines it passed.
    inner : callable
        The WSGI application.
    host_names : sequence of str, or None
        Names in the Host header that are answered; None for all.
    """

    def __init__(
        self, app: Flask, inner: WSGIApplication, host_names: Sequence[str] | None
    ) -> None:
        self._app, self._inner = app, inner
        self._names = None if host_names is None else {name.lower() for name in host_names}

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        host = environ.get("HTTP_HOST")
        found = None if host is None else _HOST.fullmatch(host)
        if host is not None and (found is None or ".." in host):
            return _plain(400, "Bad Request: the Host header is of no form.")(
                environ, start_response
            )
        if self._names is not None and found is not None and found[1].lower() not in self._names:
            text = "Bad Request: this site is not called so; --host-name adds a name."
            return _plain(400, text)(environ, start_response)
        try:
            return self._inner(environ, start_response)
        except Exception as error:
            _log(self._app, error, "the answer to an error")
            return _plain(500, "Internal Server Error")(environ, start_response)


def _log_caught(app: Flask, info: tuple[Any, ...]) -> None:
    """Log an error that Flask caught, as it would with its message."""
    if info[1] is not None:
        _log(app, info[1], "a request")


def _plain(status: int, text: str) -> Response:
    response = Response(f"{text}\n", status, HEADERS, mimetype="text/plain")
    response.headers["Cache-Control"] = "no-store"
    return response


def _log(app: Flask, error: BaseException, where: str | None) -> None:
    """Log the kind of error and the lines it passed, not its message: it may hold data."""
    frames = traceback.extract_tb(error.__traceback__)
    places = "\n".join(f"  {f.filename}:{f.lineno} in {f.name}" for f in frames)
    app.logger.error("%s in %s\n%s", type(error).__name__, where, places)
