import importlib.util
from pathlib import Path

import pytest

import satchel

spec = importlib.util.spec_from_file_location(
    "changelog", Path(__file__).parents[2] / "tools" / "changelog.py"
)
changelog = importlib.util.module_from_spec(spec)
spec.loader.exec_module(changelog)

GOOD = "# Changelog\n\n## [Unreleased]\n\n- New.\n\n## [0.1.0] - 2026-01-31\n\n- First.\n"


def test_the_changelog_of_the_project_is_in_order():
    assert changelog.main() == 0


def test_a_changelog_in_order_has_no_problems():
    assert changelog.problems(GOOD, "0.1.0") == []


def test_the_newest_section_is_that_of_the_package():
    assert changelog.newest() in (changelog.version(), "Unreleased")
    assert changelog.version() == satchel.__version__


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("# Changelog\n", "there is no heading"),
        (GOOD.replace("- New.", ""), "the entry Unreleased says nothing"),
        (GOOD.replace("[0.1.0] - 2026-01-31", "0.1.0"), "heading '## 0.1.0'"),
        (GOOD.replace(" - 2026-01-31", ""), "heading '## [0.1.0]'"),
        (GOOD.replace("Unreleased]", "Unreleased] - 2026-02-01"), "heading '## [Unreleased] - "),
        (GOOD.partition("## [")[0] + "## [0.0.9] - 2026-01-30\n\n- Old.\n", "the newest entry"),
        (GOOD + "\n## [0.2.0] - 2026-02-01\n\n- Late.\n", "newest first"),
    ],
)
def test_what_is_out_of_order_is_named(text, problem):
    assert any(problem in found for found in changelog.problems(text, "0.1.0"))
