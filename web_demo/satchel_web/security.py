"""What every answer of the site has in common: headers, refusals, and silence in the log."""

from __future__ import annotations

import traceback
from urllib.parse import urlsplit

from flask import Flask, Response, abort, current_app, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import (
    HTTPException,
    InternalServerError,
    MethodNotAllowed,
    RequestEntityTooLarge,
)

from satchel_web.api import PREFIX, problem

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
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")


def protect(app: Flask) -> None:
    """Put all of this around `app`."""
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
        allowed = origin is None or urlsplit(origin).netloc == request.host
    if not allowed:
        abort(403, "This request was sent by a page of another site.")


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
        page = render_template("error.html", title=error.name, text=text)
        answer = Response(page, status, mimetype="text/html")
    if isinstance(error, MethodNotAllowed):
        answer.allow.update(error.valid_methods or ())
    return answer


def show_failure(error: Exception) -> ResponseReturnValue:
    """Answer a failure of the site itself.

    The log gets the kind of error and the lines it passed, not its message: that might hold a
    student's data.
    """
    frames = traceback.extract_tb(error.__traceback__)
    places = "\n".join(f"  {f.filename}:{f.lineno} in {f.name}" for f in frames)
    current_app.logger.error("%s in %s\n%s", type(error).__name__, request.endpoint, places)
    return show_error(InternalServerError())
