"""Start the site on this machine: forms for people, and the HTTP interface for programs.

  satchel serve
  satchel serve --models my-models --port 8080

It listens on 127.0.0.1 alone, unless --host says otherwise. It writes nothing of what is sent to
it to any file; a class list stays in memory for an hour, or until it is forgotten. Ctrl+C stops
it; so does SIGTERM, which lets the answers in work end.
"""

from __future__ import annotations

import argparse
import ipaddress
import signal
import socket
import sys
import time
from typing import Any

from satchel.commands import add_models_argument, add_pass_mark_argument
from satchel.errors import SatchelError
from satchel.memory import keep_little
from satchel.tables.class_list import Levels, Limits

HOST, PORT, THREADS = "127.0.0.1", 8000, 4
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
CONNECTIONS, SECONDS = 64, 30
LAST_SECONDS = 5
SLACK = 64 * 2**10  # bytes beyond the largest body, so that the site itself says what is wrong


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``satchel serve``."""
    parser.add_argument("--host", default=HOST, help=f"address to listen on (default: {HOST})")
    parser.add_argument(
        "--port",
        type=port_number,
        help=f"port (default: {PORT}, or another where that is not free; 0 for a free one)",
    )
    parser.add_argument(
        "--host-name",
        metavar="NAME",
        action="append",
        default=[],
        help="name by which browsers may call the site, beside those of this machine itself, where "
        "it listens on this machine alone: that of a proxy in front (may be given several times)",
    )
    parser.add_argument(
        "--connections",
        metavar="N",
        type=int,
        default=CONNECTIONS,
        help=f"open connections at most (default: {CONNECTIONS}); each may hold one request in "
        "memory",
    )
    parser.add_argument(
        "--timeout",
        metavar="SECONDS",
        type=int,
        default=SECONDS,
        help=f"close a connection that has been silent so long (default: {SECONDS}); one that "
        "sends a byte now and then is for a proxy to close",
    )
    parser.add_argument(
        "--prefix",
        metavar="PATH",
        default="",
        help="path under which a proxy shows the site, such as /satchel; its X-Forwarded headers "
        "are then believed",
    )
    parser.add_argument(
        "--levels",
        metavar="HIGH,WATCH",
        type=risk_levels,
        default=Levels(),
        help="risks from which on a student is shown as one to help first, or to watch "
        "(default: 0.5,0.2)",
    )
    parser.add_argument(
        "--class-rows",
        metavar="N",
        type=int,
        default=Limits().rows,
        help=f"students that a class list may have at most (default: {Limits().rows})",
    )
    add_models_argument(parser)
    add_pass_mark_argument(parser)


def port_number(text: str) -> int:
    """Return the port that `text` names."""
    if not (text.isdecimal() and int(text) <= 65535):
        raise argparse.ArgumentTypeError(f"{text!r} is no port: give a number from 0 to 65535")
    return int(text)


def risk_levels(text: str) -> Levels:
    """Return the two levels of risk that `text` names."""
    try:
        high, watch = map(float, text.split(","))
    except ValueError:
        high, watch = 0.0, 1.0
    if not 0 < watch <= high <= 1:
        raise argparse.ArgumentTypeError(
            f"{text!r} are no two risks: give the higher one first, as in 0.5,0.2"
        )
    return Levels(high, watch)


def run(arguments: argparse.Namespace) -> int:
    """Serve until interrupted."""
    import waitress

    from satchel_web.app import Config, create_app

    keep_little()
    listening, elsewhere = _listen(arguments.host, arguments.port)
    address = ipaddress.ip_address(listening.getsockname()[0])
    names = (*LOOPBACK, *arguments.host_name) if address.is_loopback else None
    config = Config(
        models=arguments.models,
        host_names=names,
        pass_at=arguments.pass_at,
        levels=arguments.levels,
        limits=Limits(rows=arguments.class_rows),
        prefix=arguments.prefix,
    )
    app = create_app(config)
    # Requests up to the limit of the site stay in memory: none is spilled to a file.
    largest = config.max_bytes + SLACK
    server = waitress.create_server(
        app,
        sockets=[listening],
        threads=THREADS,
        connection_limit=arguments.connections,
        channel_timeout=arguments.timeout,
        cleanup_interval=max(1, arguments.timeout // 4),
        ident=None,
        max_request_body_size=largest,
        inbuf_overflow=largest,
        outbuf_overflow=largest,
    )
    host, port = listening.getsockname()[:2]
    for reason in app.extensions["satchel"].offered.left_out:
        print(f"satchel: left out: {reason}", file=sys.stderr)
    why = f" (port {PORT} is not free)" if elsewhere else ""
    path = f"/{arguments.prefix.strip('/')}" if arguments.prefix.strip("/") else ""
    for shown in _to_open(host):
        print(f"satchel listens on http://{shown}:{port}{path}{why}", flush=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        server.run()  # on SystemExit it waits until its threads are done
        _send_the_rest(server)
    finally:
        server.close()
    return 0


def _to_open(host: str) -> list[str]:
    """Return the names under which a browser finds what listens on an address."""
    address = ipaddress.ip_address(host)
    if address.is_unspecified:  # every address of this machine
        return ["127.0.0.1", socket.gethostname()]
    return [f"[{host}]" if address.version == 6 else host]


def _send_the_rest(server: Any) -> None:
    """Send the answers that are ready, for some seconds at most."""
    channels = getattr(server, "active_channels", {})
    end = time.monotonic() + LAST_SECONDS
    while time.monotonic() < end and any(c.total_outbufs_len for c in channels.values()):
        server.asyncore.loop(timeout=0.1, map=server._map, count=1)


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
