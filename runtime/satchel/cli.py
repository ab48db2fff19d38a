"""The `satchel` command: finds the subcommand, reads its arguments, reports its errors.

A subcommand is a module with a docstring, ``add_arguments(parser)`` and ``run(arguments)``,
which returns the exit code. Those of other packages are entry points of the group
``satchel.commands``.

Exit codes: 0 done; 1 the answer is bad news; 2 wrong use, or input that cannot be read;
130 stopped with Ctrl+C.
"""

from __future__ import annotations

import argparse
import importlib
import io
import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from types import FrameType, ModuleType
from typing import Any, NoReturn

from satchel import __version__
from satchel.errors import SatchelError
from satchel.values import printable

BUILT_IN = {
    "list": "list the models that are here",
    "show": "show what a model needs, what it answers and how well",
    "predict": "predict for one record, or for every row of a table",
    "explain": "show why a model predicts what it does for one record, and what a change would do",
    "drift": "compare a class list with the rows that a model was trained on",
    "evaluate": "measure a model on rows whose true values are known",
    "verify": "check that models give here what they gave where they were trained",
    "doctor": "say whether this machine can run all of this, and what to do where it cannot",
}
INSTALLABLE = {
    "train": "train a model",
    "export": "turn a trained model into a bundle",
    "retrain": "train a bundle anew on new rows, where that is better",
    "rollback": "return to the bundle before the last retraining",
    "leaderboard": "compare every model of a task under one protocol",
    "serve": "start the site on this machine",
}
EXTRAS = {
    "openpyxl": "excel",
    "pyarrow": "arrow",
    "flask": "web",
    "waitress": "web",
    "tensorflow": "networks",
    "keras": "networks",
    "tf2onnx": "networks",
    "torch": "networks",
}


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        if message.endswith("expected one argument"):
            option = message.split()[1].rstrip(":")
            message += f"; if its value begins with a dash, write {option}=VALUE"
        self.exit(2, f"{self.prog}: {message}\nTry '{self.prog} --help'.\n")

    def _get_values(self, action: argparse.Action, arg_strings: list[str]) -> Any:
        # Before Python 3.13 argparse takes the value of ``--missing=--`` for the end of options.
        if action.option_strings and arg_strings == ["--"]:
            return self._get_value(action, "--")
        return super()._get_values(action, arg_strings)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    _open_closed_streams()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal may know few letters
            stream.reconfigure(errors="backslashreplace")
    argv = sys.argv[1:] if argv is None else list(argv)
    chosen = next((word for word in argv if not word.startswith("-")), None)
    try:
        return _stoppable(lambda: _run(argv, chosen))
    except SatchelError as error:
        print(f"satchel: {printable(str(error))}", file=sys.stderr)
        return 2
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing in ("numpy", "onnxruntime"):
            print(f"satchel: {missing} is missing; 'satchel doctor' says more", file=sys.stderr)
            return 2
        from satchel.doctor import PIP_INSTALL

        extra = EXTRAS.get(missing, "train")
        print(
            f"satchel: 'satchel {chosen}' needs {missing}, which is not installed: "
            f"{PIP_INSTALL} './satchel-{__version__}-py3-none-any.whl[{extra}]' "
            f"(in a checkout: '.[{extra}]')",
            file=sys.stderr,
        )
        return 2
    except ImportError as error:
        # The message may be one of many lines, as numpy's is.
        said = (str(error).strip().splitlines() or [""])[-1]
        print(f"satchel: {said:.300}; 'satchel doctor' says more", file=sys.stderr)
        return 2
    except MemoryError:
        print("satchel: memory ran out; 'satchel doctor' says how much there is", file=sys.stderr)
        return 2
    except BrokenPipeError:
        # The reader went away, as `head` does; nothing more can be said to it.
        _let_go_of_stdout()
        return 0
    except OSError as error:
        parts = [error.filename, error.strerror or str(error)]
        said = ": ".join([str(part) for part in parts if part])
        print(f"satchel: {printable(said)}", file=sys.stderr)
        try:
            sys.stdout.flush()
        except OSError:  # it was standard output that is full
            _let_go_of_stdout()
        return 2
    except KeyboardInterrupt:
        print("satchel: stopped", file=sys.stderr)
        return 130


def _run(argv: Sequence[str], chosen: str | None) -> int:
    """Run the chosen subcommand and return its exit code."""
    parser = _Parser(
        prog="satchel",
        description="Student-performance models that a school can run itself.",
        epilog="'satchel COMMAND --help' explains a command.",
    )
    parser.add_argument("--version", action="version", version=f"satchel {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, summary in (BUILT_IN | INSTALLABLE).items():
        subparser = commands.add_parser(name, help=summary, description=summary)
        if name == chosen:
            module = _find(name)
            subparser.description = module.__doc__
            subparser.formatter_class = argparse.RawDescriptionHelpFormatter
            module.add_arguments(subparser)
    arguments = parser.parse_args(argv)
    code = int(module.run(arguments))
    sys.stdout.flush()
    return code


def _stoppable(run: Callable[[], int]) -> int:
    """Return what `run` does, Ctrl+C as such where a library words it anew."""
    stopped = False

    def stop(number: int, frame: FrameType | None) -> None:
        nonlocal stopped
        stopped = True
        signal.default_int_handler(number, frame)

    before = signal.getsignal(signal.SIGINT)
    ours = (
        before is signal.default_int_handler
        and threading.current_thread() is threading.main_thread()
    )
    if ours:
        signal.signal(signal.SIGINT, stop)
    try:
        return run()
    except Exception:
        if stopped:
            raise KeyboardInterrupt from None
        raise
    finally:
        if ours:
            signal.signal(signal.SIGINT, before)


def _open_closed_streams() -> None:
    """Open standard streams that came closed on nothing: no file must get their number."""
    for number, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        if getattr(sys, name) is None:
            # The lowest free number is taken, and those below are open by now.
            os.open(os.devnull, os.O_RDWR)
            setattr(sys, name, os.fdopen(number, mode, encoding="utf-8"))


def _let_go_of_stdout() -> None:
    """Keep Python from trying once more to write what could not be written, when it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _find(name: str) -> ModuleType:
    if name in BUILT_IN:
        return importlib.import_module(f"satchel.commands.{name}")
    from importlib.metadata import entry_points

    (entry,) = entry_points(group="satchel.commands", name=name)
    module = entry.load()
    assert isinstance(module, ModuleType)
    return module
