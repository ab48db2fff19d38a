"""Start the site on this machine: forms for people, and the HTTP interface for programs.

  satchel serve
  satchel serve --models my-models --port 8080

It listens on 127.0.0.1 alone, unless --host says otherwise. It keeps nothing of what is sent
to it. Ctrl+C stops it.
"""

from __future__ import annotations

import argparse
import socket

from satchel.commands import add_models_argument
from satchel.errors import SatchelError

HOST, PORT, THREADS = "127.0.0.1", 8000, 4


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``satchel serve``."""
    parser.add_argument("--host", default=HOST, help=f"address to listen on (default: {HOST})")
    parser.add_argument(
        "--port",
        type=port_number,
        help=f"port (default: {PORT}, or another where that is not free; 0 for a free one)",
    )
    add_models_argument(parser)


def port_number(text: str) -> int:
    """Return the port that `text` names."""
    if not (text.isdecimal() and int(text) <= 65535):
        raise argparse.ArgumentTypeError(f"{text!r} is no port: give a number from 0 to 65535")
    return int(text)


def run(arguments: argparse.Namespace) -> int:
    """Serve until interrupted."""
    import waitress

    from satchel_web.app import Config, create_app

    config = Config(models=arguments.models)
    app = create_app(config)
    listening, elsewhere = _listen(arguments.host, arguments.port)
    # Requests up to the limit of the site stay in memory: none is spilled to a file.
    largest = 2 * config.max_bytes
    server = waitress.create_server(
        app,
        sockets=[listening],
        threads=THREADS,
        ident=None,
        max_request_body_size=largest,
        inbuf_overflow=largest,
        outbuf_overflow=largest,
    )
    host, port = listening.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    why = f" (port {PORT} is not free)" if elsewhere else ""
    print(f"satchel listens on http://{shown}:{port}{why}", flush=True)
    try:
        server.run()
    finally:
        server.close()
    return 0


def _listen(host: str, port: int | None) -> tuple[socket.socket, bool]:
    """Return a listening socket, and whether it had to avoid the default port."""
    wanted = PORT if port is None else port
    try:
        family, _, _, _, address = socket.getaddrinfo(host, wanted, type=socket.SOCK_STREAM)[0]
        try:
            return socket.create_server(address[:2], family=family), False
        except OSError:
            if port is not None:
                raise
            return socket.create_server((address[0], 0), family=family), True
    except OSError as error:
        place = f"{host}, port {wanted}"
        raise SatchelError(
            f"cannot listen on {place}: {error.strerror}; choose others with --host and --port"
        ) from None
