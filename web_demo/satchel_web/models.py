"""The models that the site offers: found at the start, loaded when first asked for."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from flask import abort, current_app

from satchel import BundleError, Predictor, SatchelError
from satchel import bundle as bundles
from satchel.spec import Reference, Spec
from satchel_web.language import gettext

MOST_OPEN = 6  # bundles: as many as a small server holds with ease


@dataclass(frozen=True, slots=True)
class Listed:
    """What the site keeps of every model; its graph is read when it is first asked.

    The attributes are those of `satchel.Bundle`, its spec without invented records and bins; and
    whether it ships with satchel.
    """

    file: str
    spec: Spec
    sha256: str
    verified: bool
    default: bool
    ships: bool


class Models:
    """Models by name.

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

    Attributes
    ----------
    left_out : tuple of str
        Why a file of a folder is not offered, one line for each.
    """

    def __init__(
        self,
        folders: Sequence[str | Path],
        pass_at: str | None = None,
        most_open: int = MOST_OPEN,
    ) -> None:
        self._pass_at = pass_at
        self._fits, self._misfit = pass_at is None, SatchelError(f"pass mark {pass_at}: no model")
        self._listed: dict[str, Listed] = {}
        self._defaults: dict[str, str] = {}
        self._predictors: OrderedDict[str, Predictor] = OrderedDict()
        self._most = most_open
        self._lock = threading.Lock()
        self._loading: dict[str, threading.Lock] = {}
        left_out: list[str] = []
        for path in bundles.paths(folders):
            try:
                one = bundles.read_listed(path)
            except BundleError as error:  # the others serve
                left_out.append(str(error))
                continue
            other = self._listed.get(one.name)
            if other is not None:
                raise BundleError(
                    f"two models are called {one.name}: {other.file} and {one.file}; take one away"
                )
            spec = replace(self._at_own_mark(one.spec), reference=Reference(), checks=())
            ships = Path(one.file).parent in map(Path, bundles.shipped())
            about = (one.sha256, one.verified, one.default, ships)
            self._listed[one.name] = Listed(one.file, spec, *about)
            if one.default and one.task in self._defaults:
                raise BundleError(
                    f"two models are the default of {one.task}: {self._defaults[one.task]} "
                    f"and {one.name}; take one out of the defaults of its index.json"
                )
            if one.default:
                self._defaults[one.task] = one.name
        if not self._fits:
            raise self._misfit
        self.left_out = tuple(left_out)

    def __iter__(self) -> Iterator[Listed]:
        return iter(self._listed.values())

    def find(self, name: str) -> Listed | None:
        """Return the model called `name`, or the default one of the task `name`."""
        return self._listed.get(self._defaults.get(name, name))

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
            Where the file is another one since the start.
        """
        name = listed.spec.name
        with self._lock:
            found = self._predictors.get(name)
            if found is not None:
                self._predictors.move_to_end(name)
                return found
        # No request for another model waits while this one is loaded.
        with self._lock:
            loading = self._loading.setdefault(name, threading.Lock())
        with loading:
            found = self._predictors.get(name)
            if found is not None:  # by another thread, meanwhile
                return found
            bundle = bundles.read(listed.file)
            if bundle.sha256 != listed.sha256:
                raise BundleError(f"{listed.file} has changed: start the site again")
            found = Predictor(replace(bundle, spec=self._at_own_mark(bundle.spec)))
            with self._lock:
                self._predictors[name] = found
                while len(self._predictors) > self._most:
                    self._predictors.popitem(last=False)
            return found


def listed_or_404(name: str) -> Listed:
    """Return the model called `name`, or the default of the task; or end the request."""
    found = models().find(name)
    if found is None:
        abort(404, gettext("There is no such model."))
    return found


def models() -> Models:
    """Return the models of the current application."""
    found: Models = current_app.extensions["satchel"]
    return found
