"""Where random inputs come from, and what pytest says at the end."""

import os
import time
from collections import Counter
from itertools import cycle, pairwise
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis.database import DirectoryBasedExampleDatabase
from hypothesis.internal.conjecture import providers

# Before any test imports onnxruntime without satchel, whose defence this is.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

FOUND = Path(__file__).parents[1] / ".hypothesis" / "examples"
MOST_LINES = 10

# ---- random inputs -------------------------------------------------------------------------------

# No test fails for being slow.
settings.register_profile(
    "satchel", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile(
    "fuzz",
    settings.get_profile("satchel"),
    derandomize=False,
    max_examples=1000,
    database=DirectoryBasedExampleDatabase(FOUND),
    print_blob=True,
)
settings.load_profile("satchel")


def pytest_addoption(parser):
    parser.addoption(
        "--fuzz",
        type=float,
        metavar="SECONDS",
        help="run the property tests on new inputs, again and again, until one fails or time is up",
    )


def pytest_configure(config):
    if config.getoption("fuzz") is None:
        # Hypothesis also tries the constants of our modules: those that are imported by then,
        # so that the inputs of a test would depend on which tests ran before it.
        nothing = providers.Constants()
        providers._get_local_constants = lambda: nothing
    else:
        settings.load_profile("fuzz")
        config.option.markexpr = "hypothesis"
        config.option.maxfail = 1


def pytest_runtestloop(session):
    seconds = session.config.getoption("fuzz")
    if seconds is None or session.testsfailed or not session.items:
        return None  # pytest's own loop, which also tells what went wrong
    end, turns = time.monotonic() + seconds, pairwise(cycle(session.items))
    while time.monotonic() < end:
        item, following = next(turns)
        # What the next one needs stays set up, so it cannot be the same one.
        following = None if following is item else following
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        if session.shouldfail:
            raise session.Failed(session.shouldfail)
        if session.shouldstop:
            raise session.Interrupted(session.shouldstop)
    return True


# ---- the summary ---------------------------------------------------------------------------------


def pytest_terminal_summary(terminalreporter, config):
    say = terminalreporter.write_line
    if config.getoption("fuzz") is not None and "failed" in terminalreporter.stats:
        say(f"The failing example is kept in {FOUND}: the next run begins with it.")
        say("Write it above its test as @example(...), so that every run tries it.")
    reasons = Counter(reason(report) for report in terminalreporter.getreports("skipped"))
    if not reasons:
        return
    listed = [f"{count:5}  {text}" for text, count in reasons.most_common()]
    if len(listed) > MOST_LINES - 1:
        rest = reasons.total() - sum(n for _, n in reasons.most_common(MOST_LINES - 2))
        listed[MOST_LINES - 2 :] = [f"{rest:5}  for other reasons: pytest -rs lists them"]
    terminalreporter.write_sep("-", "skipped")
    for line in listed:
        say(line)


def reason(report):
    """Why a test was skipped, on one line."""
    text = " ".join(str(report.longrepr[2]).removeprefix("Skipped: ").split())
    return text if len(text) <= 150 else f"{text[:147]}..."
