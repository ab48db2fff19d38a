"""Start the site on this machine: forms for people, and the HTTP interface for programs.

  satchel serve
  satchel serve --models my-models --port 8080

It listens on 127.0.0.1 alone, unless --host says otherwise. It keeps nothing of what is sent
to it. Ctrl+C stops it.
"""

from __future__ import annotations

import argparse

from satchel.commands import add_models_argument

HOST, PORT, THREADS = "127.0.0.1", 8000, 4


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``satchel serve``."""
    parser.add_argument("--host", default=HOST, help=f"address to listen on (default: {HOST})")
    parser.add_argument("--port", default=PORT, type=int, help=f"port (default: {PORT})")
    add_models_argument(parser)


def run(arguments: argparse.Namespace) -> int:
    """Serve until interrupted."""
    import waitress

    from satchel_web.app import Config, create_app

    config = Config(models=arguments.models)
    # Requests up to the limit of the site stay in memory: none is spilled to a file.
    largest = 2 * config.max_bytes
    server = waitress.create_server(
        create_app(config),
        host=arguments.host,
        port=arguments.port,
        threads=THREADS,
        ident=None,
        max_request_body_size=largest,
        inbuf_overflow=largest,
        outbuf_overflow=largest,
    )
    print(f"satchel listens on http://{arguments.host}:{server.effective_port}", flush=True)
    try:
        server.run()
    finally:
        server.close()
    return 0
