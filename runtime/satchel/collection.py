"""The bundles of some folders: listed as these change, opened when first asked for."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from satchel import bundle as bundles
from satchel.errors import BundleError, SatchelError
from satchel.predictor import Predictor
from satchel.spec import Reference, Spec

MOST_OPEN = 6  # bundles: as many as a small server holds with ease
FRESH = 1.0  # seconds until the folders are looked at again

Stamp = tuple[tuple[int, int, int], ...]


@dataclass(frozen=True, slots=True)
class Listed:
    """What is kept of every bundle; its graph is read when it is first asked.

    The attributes are those of `satchel.Bundle`, its spec without invented records and bins; and
    whether it ships with satchel.
    """

    file: str
    spec: Spec
    sha256: str
    verified: bool
    default: bool
    ships: bool


@dataclass(frozen=True, slots=True)
class Offered:
    """The models at one moment: by name, the default of each task, and why files are left out."""

    listed: dict[str, Listed]
    defaults: dict[str, str]
    left_out: tuple[str, ...]


class Collection:
    """The bundles of some folders by name. A file that is replaced is taken up within a second.

    Parameters
    ----------
    folders : sequence of paths
        Folders of bundles of one's own.
    pass_at : str or None
        The school's own pass mark, as `satchel.load` takes it, for every model that gives a
        distribution of scores; those among whose scores it is not keep their own.
    most_open : int
        Bundles that are open at once; the one that was asked least lately is closed.

    Raises
    ------
    BundleError
        Where a folder cannot be read, or two bundles have the same name or are the default of one
        task.
    SatchelError
        Where the pass mark fits no model.
    """

    def __init__(
        self,
        folders: Sequence[str | Path],
        pass_at: str | None = None,
        most_open: int = MOST_OPEN,
    ) -> None:
        self._folders, self._pass_at, self._most = folders, pass_at, most_open
        self._fits, self._misfit = pass_at is None, SatchelError(f"pass mark {pass_at}: no model")
        self._files: dict[str, tuple[Stamp, Listed | None, str]] = {}
        self._predictors: OrderedDict[str, Predictor] = OrderedDict()
        self._lock, self._looking = threading.Lock(), threading.Lock()
        self._loading: dict[str, threading.Lock] = {}
        self._offered, self._looked = self._look(), time.monotonic()
        if not self._fits:
            raise self._misfit

    def __iter__(self) -> Iterator[Listed]:
        return iter(self.offered.listed.values())

    def find(self, name: str) -> Listed | None:
        """Return the model called `name`, or the default one of the task `name`."""
        now = self.offered
        return now.listed.get(now.defaults.get(name, name))

    @property
    def offered(self) -> Offered:
        """What is in the folders now; as before where they cannot be read, or contradict."""
        if time.monotonic() - self._looked > FRESH and self._looking.acquire(blocking=False):
            try:
                self._offered = self._look()
            except BundleError as error:
                logging.getLogger(__name__).warning("%s", error)
            finally:
                self._looked = time.monotonic()
                self._looking.release()
        return self._offered

    def _look(self) -> Offered:
        """Read the files that are new or have changed."""
        listed: dict[str, Listed] = {}
        defaults: dict[str, str] = {}
        files: dict[str, tuple[Stamp, Listed | None, str]] = {}
        for path in bundles.paths(self._folders):
            stamp, (known, one, why) = _stamp(path), self._files.get(path, ((), None, ""))
            if stamp != known:
                try:
                    one, why = self._read(path), ""
                except BundleError as error:  # the others serve; so does its former, while open
                    why = str(error)
            files[path] = (stamp, one, why)
            if one is None:
                continue
            other = listed.setdefault(one.spec.name, one)
            if other is not one:
                raise BundleError(
                    f"two models are called {one.spec.name}: {other.file} and {one.file}; take one "
                    "away"
                )
            first = defaults.setdefault(one.spec.task, one.spec.name) if one.default else ""
            if first not in ("", one.spec.name):
                raise BundleError(
                    f"two models are the default of {one.spec.task}: {first} and {one.spec.name}; "
                    "take one out of the defaults of its index.json"
                )
        self._files = files
        left_out = tuple(why for _, _, why in files.values() if why)
        return Offered(listed, defaults, left_out)

    def _read(self, path: str) -> Listed:
        one = bundles.read_listed(path)
        spec = replace(self._at_own_mark(one.spec), reference=Reference(), checks=())
        ships = Path(one.file).parent in map(Path, bundles.shipped())
        return Listed(one.file, spec, one.sha256, one.verified, one.default, ships)

    def _at_own_mark(self, spec: Spec) -> Spec:
        """Return the spec with the school's pass mark, where it has a distribution that it fits."""
        if self._pass_at is None or not spec.has_distribution:
            return spec
        try:
            fitted = spec.passing_at(self._pass_at)
        except SatchelError as error:
            self._misfit = error
            return spec
        self._fits = True
        return fitted

    def predictor(self, listed: Listed) -> Predictor:
        """Return the predictor of a model, shared by all threads while it is open.

        Raises
        ------
        BundleError
            Where the file cannot be read any more.
        """
        name = listed.spec.name
        found = self._open(listed)
        if found is not None:
            return found
        # No request for another model waits while this one is loaded.
        with self._lock:
            loading = self._loading.setdefault(name, threading.Lock())
        with loading:
            found = self._open(listed)  # by another thread, meanwhile
            if found is None:
                bundle = bundles.read_listed(listed.file)
                found = Predictor(replace(bundle, spec=self._at_own_mark(bundle.spec)))
                with self._lock:
                    self._predictors[name] = found
                    self._predictors.move_to_end(name)
                    while len(self._predictors) > self._most:
                        self._predictors.popitem(last=False)
            return found

    def _open(self, listed: Listed) -> Predictor | None:
        with self._lock:
            found = self._predictors.get(listed.spec.name)
            if found is None or found.origin.sha256 != listed.sha256:
                return None
            self._predictors.move_to_end(listed.spec.name)
            return found


def _stamp(path: str) -> Stamp:
    """Return what changes with the file of a bundle, and with what its folder says of it."""
    found = []
    for one in (Path(path), Path(path).with_name(bundles.INDEX)):
        with contextlib.suppress(OSError):
            status = one.stat()
            found.append((status.st_ino, status.st_size, status.st_mtime_ns))
    return tuple(found)
