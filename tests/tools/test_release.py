import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

import satchel

ROOT = Path(__file__).parents[2]
PARTS = ["runtime", "training", "export", "web_demo", "models_onnx", "tools"]
PARTS += ["pyproject.toml", "README.md", "LICENSE", ".gitignore"]
SECTION = f"## [{satchel.__version__}] - 2026-01-31\n\n- All.\n"
pytest.importorskip("build", reason="pip install --group build")
pytest.importorskip("hatchling", reason="pip install --group build")
pytestmark = pytest.mark.skipif(not shutil.which("git"), reason="apt install git")


class Checkout:
    """A git repository with the checkout's files, and what a release in it says."""

    def __init__(self, folder):
        self.folder, self.dist = folder, folder / "dist"
        self.env = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
        self.env |= {"GIT_CONFIG_GLOBAL": os.devnull, "HOME": str(folder.parent)}
        folder.mkdir()
        for part in PARTS:
            if (ROOT / part).is_dir():
                ignored = shutil.ignore_patterns("__pycache__", "*.pyc")
                shutil.copytree(ROOT / part, folder / part, ignore=ignored)
            else:
                shutil.copy(ROOT / part, folder / part)
        self.write("CHANGELOG.md", f"# Changelog\n\n{SECTION}")
        self.write("tests/test_nothing.py", "")
        self.git("init", "-q")
        self.commit()

    def git(self, *arguments):
        who = ("-c", "user.name=A", "-c", "user.email=a@example.org")
        subprocess.run(["git", *who, *arguments], cwd=self.folder, env=self.env, check=True)

    def commit(self):
        self.git("add", "-A")
        self.git("commit", "-q", "-m", "all")

    def write(self, name, text):
        (self.folder / name).parent.mkdir(exist_ok=True)
        (self.folder / name).write_text(text, "utf-8")

    def edit(self, name, old, new):
        text = (self.folder / name).read_text("utf-8")
        assert text.count(old) == 1
        self.write(name, text.replace(old, new))

    def release(self):
        command = [sys.executable, "tools/release.py"]
        return subprocess.run(
            command, cwd=self.folder, env=self.env, capture_output=True, text=True, check=False
        )


@pytest.fixture
def checkout(tmp_path):
    return Checkout(tmp_path / "checkout")


def refused(checkout):
    done = checkout.release()
    assert done.returncode == 1
    assert done.stderr.startswith("release: ")
    assert done.stderr.count("\n") == 1
    assert not checkout.dist.exists()
    return done.stderr


def test_a_release_is_sdist_wheel_and_their_sums(checkout):
    checkout.write("dist/satchel-0.0.1-py3-none-any.whl", "of a former release")
    done = checkout.release()
    assert done.returncode == 0, done.stderr
    names = [f"satchel-{satchel.__version__}{end}" for end in ("-py3-none-any.whl", ".tar.gz")]
    assert {path.name for path in checkout.dist.iterdir()} == {*names, "SHA256SUMS"}
    sums = "".join(
        f"{hashlib.sha256((checkout.dist / name).read_bytes()).hexdigest()}  {name}\n"
        for name in names
    )
    assert (checkout.dist / "SHA256SUMS").read_text() == sums
    assert done.stdout.endswith(sums)
    with zipfile.ZipFile(checkout.dist / names[0]) as wheel:
        packages = {"satchel", "satchel_training", "satchel_export", "satchel_web"}
        tops = {name.partition("/")[0] for name in wheel.namelist()}
        assert tops == {*packages, f"satchel-{satchel.__version__}.dist-info"}
    with tarfile.open(checkout.dist / names[1]) as sdist:
        assert f"satchel-{satchel.__version__}/tools/release.py" in sdist.getnames()


def test_a_tree_that_is_not_clean_is_refused(checkout):
    checkout.edit(".gitignore", "dist/\n", "dist/\n*.local\n")
    assert "not clean (.gitignore)" in refused(checkout)
    checkout.write("new.txt", "")
    assert "not clean (.gitignore and 1 more): commit" in refused(checkout)
    # The build would take this one, whatever the user's own settings ignore.
    checkout.commit()
    checkout.write("new.swp", "")
    checkout.env["GIT_CONFIG_GLOBAL"] = str(checkout.folder.parent / "config")
    Path(checkout.env["GIT_CONFIG_GLOBAL"]).write_text(
        f"[core]\n\texcludesFile = {checkout.folder.parent / 'ignored'}\n"
    )
    (checkout.folder.parent / "ignored").write_text("*.swp\n")
    assert "not clean (new.swp)" in refused(checkout)


def test_what_is_no_git_tree_is_refused(checkout):
    shutil.rmtree(checkout.folder / ".git")
    assert "git status failed: fatal: not a git repository" in refused(checkout)


def test_a_changelog_that_is_not_of_this_version_is_refused(checkout):
    checkout.edit("CHANGELOG.md", SECTION, f"## [Unreleased]\n\n- More.\n\n{SECTION}")
    checkout.commit()
    version = f"the package is {satchel.__version__}"
    assert f"the newest section of CHANGELOG.md is Unreleased, {version}" in refused(checkout)
    checkout.edit("CHANGELOG.md", "## [Unreleased]", "## [99.0.0] - 2099-01-01")
    checkout.commit()
    assert f"the newest section of CHANGELOG.md is 99.0.0, {version}" in refused(checkout)


def test_a_wheel_that_holds_a_tool_is_refused(checkout):
    checkout.edit("pyproject.toml", 'packages = ["runtime/satchel"', 'packages = ["tools"')
    checkout.commit()
    assert "holds what does not belong there: tools/" in refused(checkout)


def test_an_sdist_that_builds_another_wheel_is_refused(checkout):
    # Left out of the sdist, and so of the wheel that it builds.
    checkout.edit(
        "pyproject.toml",
        "[tool.hatch.version]",
        '[tool.hatch.build.targets.sdist]\nexclude = ["export/satchel_export/card.py"]\n\n'
        "[tool.hatch.version]",
    )
    checkout.commit()
    assert "the sdist builds another wheel than the checkout" in refused(checkout)
