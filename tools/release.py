"""Build what is published into dist/: the sdist, the wheel and their SHA256SUMS.

Refused unless the git tree is clean, and the newest section of CHANGELOG.md is that of the
package's version. What the sdist builds is the wheel that the checkout builds, byte for byte.

Exits with 0 where the release is in dist/, else with 1 and one line that says why not.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import changelog  # these two lie beside this file
import wheel
from wheel import CHECKOUT, WheelError

DIST, SUMS = CHECKOUT / "dist", "SHA256SUMS"


class ReleaseError(Exception):
    """A reason not to release."""


def main() -> int:
    """Build the release and return the exit code."""
    try:
        check_tree()
        check_changelog()
        with tempfile.TemporaryDirectory(prefix="satchel-release-") as folder:
            built = build(Path(folder))
            shutil.rmtree(DIST, ignore_errors=True)
            shutil.copytree(built, DIST)
    except (ReleaseError, WheelError) as error:
        print(f"release: {error}", file=sys.stderr)
        return 1
    print((DIST / SUMS).read_text("utf-8"), end="")
    return 0


def check_tree() -> None:
    """Check that what lies in the checkout is what git has."""
    # The build heeds .gitignore, but not the ignored files that the user's own settings name.
    command = ["git", "-c", "core.excludesFile=/dev/null", "status", "--porcelain"]
    try:
        done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True)
    except OSError as error:
        raise ReleaseError(f"git cannot be run: {error.strerror}") from None
    if done.returncode:
        raise ReleaseError(f"git status failed: {done.stderr.strip().partition(chr(10))[0]}")
    changed = [line[3:] for line in done.stdout.splitlines()]
    if changed:
        more = f" and {len(changed) - 1} more" if len(changed) > 1 else ""
        raise ReleaseError(f"the git tree is not clean ({changed[0]}{more}): commit or stash first")


def check_changelog() -> None:
    """Check that the newest section of the changelog is that of the package's version."""
    newest, version = changelog.newest(), changelog.version()
    if newest != version:
        raise ReleaseError(
            f"the newest section of CHANGELOG.md is {newest or 'missing'}, the package is {version}"
        )


def build(folder: Path) -> Path:
    """Build the release in `folder`, check it, and return the folder that holds it."""
    release = folder / "release"
    built = wheel.build(release)
    wheel.check_contents(built)
    if wheel.build(folder / "checkout", "--wheel").read_bytes() != built.read_bytes():
        raise ReleaseError("the sdist builds another wheel than the checkout")
    sums = [
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n"
        for path in sorted(release.iterdir())
    ]
    (release / SUMS).write_text("".join(sums), "utf-8")
    return release


if __name__ == "__main__":
    sys.exit(main())
