import re
import socket
import subprocess
import sys
from argparse import Namespace
from contextlib import closing

import pytest

from satchel.errors import SatchelError
from satchel.tables.class_list import Levels
from satchel_web import command

waitress = pytest.importorskip("waitress", reason="pip install '.[web]'")


@pytest.fixture
def held(monkeypatch):
    """The default port, which another program listens on."""
    with socket.create_server((command.HOST, 0)) as other:
        port = other.getsockname()[1]
        monkeypatch.setattr(command, "PORT", port)
        yield port


@pytest.fixture
def serve(monkeypatch, capsys):
    """Run the command with a server that ends at once; return its line and its port."""

    class Server:
        def __init__(self, app, sockets, **options):
            (self.socket,) = sockets
            apps.append(app)

        def run(self):
            served.append(self.socket.getsockname()[1])

        def close(self):
            self.socket.close()

    served, apps = [], []
    monkeypatch.setattr(waitress, "create_server", Server)

    def run(port=None, host=command.HOST, names=()):
        options = {"connections": 1, "timeout": 1, "host_name": list(names), "pass_at": None}
        options |= {"levels": Levels(), "prefix": "", "class_rows": 5_000}
        assert command.run(Namespace(host=host, port=port, models=[], **options)) == 0
        return capsys.readouterr().out, served.pop()

    run.apps = apps
    return run


def test_without_a_port_it_takes_the_default(serve, held, monkeypatch):
    with closing(socket.create_server((command.HOST, 0))) as other:
        free = other.getsockname()[1]
    monkeypatch.setattr(command, "PORT", free)
    assert serve() == (f"satchel listens on http://127.0.0.1:{free}\n", free)


def test_without_a_port_it_takes_a_free_one_where_the_default_is_taken_and_says_so(serve, held):
    line, port = serve()
    assert port != held
    assert line == f"satchel listens on http://127.0.0.1:{port} (port {held} is not free)\n"


def test_a_port_that_was_asked_for_and_is_taken_is_an_error(serve, held):
    with pytest.raises(SatchelError, match=f"cannot listen on 127.0.0.1, port {held}: .*in use"):
        serve(held)


def test_any_free_port_is_no_news(serve, held):
    line, port = serve(0)
    assert line == f"satchel listens on http://127.0.0.1:{port}\n"


def test_an_address_of_another_machine_is_an_error(serve):
    with pytest.raises(SatchelError, match=r"cannot listen on 192\.0\.2\.1, port"):
        serve(host="192.0.2.1")


def test_the_page_is_there_where_the_line_says():
    process = subprocess.Popen(
        [sys.executable, "-m", "satchel", "serve"], stdout=subprocess.PIPE, text=True
    )
    try:
        line = process.stdout.readline()
        port = int(re.search(r"http://127\.0\.0\.1:(\d+)", line)[1])
        with closing(socket.create_connection(("127.0.0.1", port))) as client:
            client.sendall(b"HEAD / HTTP/1.0\r\n\r\n")
            assert client.recv(12).endswith(b"200")
    finally:
        process.terminate()
        process.wait(10)


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost", "[::1]:8000", "school.example"])
def test_on_this_machine_alone_its_own_names_are_answered(serve, host):
    serve(0, names=["school.example"])
    client = serve.apps.pop().test_client()
    assert client.get("/healthz", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "a..b", "127.0.0.1.x"])
def test_on_this_machine_alone_any_other_name_is_refused(serve, host):
    serve(0)
    client = serve.apps.pop().test_client()
    for path in ("/", "/healthz", "/models", "/api/v1/models", "/nowhere"):
        response = client.get(path, headers={"Host": host})
        assert response.status_code == 400, path
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert "Location" not in response.headers


def test_beyond_this_machine_any_name_is_answered(serve):
    serve(0, host="0.0.0.0")
    client = serve.apps.pop().test_client()
    assert client.get("/healthz", headers={"Host": "school.local"}).status_code == 200


def test_sigterm_lets_an_answer_in_work_end(tmp_path):
    script = tmp_path / "slow.py"
    script.write_text(
        "import time\n"
        "import satchel_web.app as app\n"
        "made = app.create_app\n"
        "def create_app(config):\n"
        "    site = made(config)\n"
        "    @site.get('/slow')\n"
        "    def slow():\n"
        "        print('working', flush=True)\n"
        "        time.sleep(1)\n"
        "        return 'done'\n"
        "    return site\n"
        "app.create_app = create_app\n"
        "from satchel.cli import main\n"
        "raise SystemExit(main(['serve', '--port', '0']))\n",
        "utf-8",
    )
    with subprocess.Popen(
        [sys.executable, script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as server:
        port = int(re.search(r":(\d+)", server.stdout.readline()[15:])[1])
        with socket.create_connection(("127.0.0.1", port), timeout=30) as client:
            client.sendall(b"GET /slow HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            assert server.stdout.readline() == "working\n"
            server.terminate()
            answer = b"".join(iter(lambda: client.recv(4096), b""))
        assert server.wait(30) == 0
        assert "Traceback" not in server.stderr.read()
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert answer.endswith(b"done")
