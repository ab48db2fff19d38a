"""The models that the site offers: found at the start, loaded when first asked for."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from flask import current_app

from satchel import BundleError, Predictor
from satchel import bundle as bundles
from satchel.spec import Spec


@dataclass(frozen=True, slots=True)
class Listed:
    """What the site keeps of every model; its graph is read when it is first asked.

    The attributes are those of `satchel.Bundle`.
    """

    file: str
    spec: Spec
    sha256: str
    verified: bool
    default: bool


class Models:
    """Models by name.

    Parameters
    ----------
    folders : sequence of paths
        Folders of bundles of one's own.

    Raises
    ------
    BundleError
        Where a bundle is damaged, or two have the same name or are the default of one task.
    """

    def __init__(self, folders: Sequence[str | Path]) -> None:
        self._listed: dict[str, Listed] = {}
        self._defaults: dict[str, str] = {}
        self._predictors: dict[str, Predictor] = {}
        self._lock = threading.Lock()
        for path in bundles.paths(folders):
            one = bundles.read_listed(path)
            other = self._listed.get(one.name)
            if other is not None:
                raise BundleError(
                    f"two models are called {one.name}: {other.file} and {one.file}; take one away"
                )
            self._listed[one.name] = Listed(
                one.file, one.spec, one.sha256, one.verified, one.default
            )
            if one.default and one.task in self._defaults:
                raise BundleError(
                    f"two models are the default of {one.task}: {self._defaults[one.task]} "
                    f"and {one.name}; take one out of the defaults of its index.json"
                )
            if one.default:
                self._defaults[one.task] = one.name

    def __iter__(self) -> Iterator[Listed]:
        return iter(self._listed.values())

    def find(self, name: str) -> Listed | None:
        """Return the model called `name`, or the default one of the task `name`."""
        return self._listed.get(self._defaults.get(name, name))

    def predictor(self, listed: Listed) -> Predictor:
        """Return the predictor of a model, made once and shared by all threads.

        Raises
        ------
        BundleError
            Where the file is another one since the start.
        """
        name = listed.spec.name
        with self._lock:
            if name not in self._predictors:
                bundle = bundles.read(listed.file)
                if bundle.sha256 != listed.sha256:
                    raise BundleError(f"{listed.file} has changed: start the site again")
                self._predictors[name] = Predictor(bundle)
            return self._predictors[name]


def models() -> Models:
    """Return the models of the current application."""
    found: Models = current_app.extensions["satchel"]
    return found
