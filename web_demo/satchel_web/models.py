"""The models that the site offers: found at the start, loaded when first asked for."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from flask import current_app

from satchel import Bundle, BundleError, Predictor
from satchel import bundle as bundles


class Models:
    """Bundles by name.

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
        self._bundles: dict[str, Bundle] = {}
        self._defaults: dict[str, str] = {}
        self._predictors: dict[str, Predictor] = {}
        self._lock = threading.Lock()
        for path in bundles.paths(folders):
            # Without its bytes: most models are listed and never asked.
            bundle = replace(bundles.read_listed(path), model=b"")
            other = self._bundles.get(bundle.name)
            if other is not None:
                raise BundleError(
                    f"two models are called {bundle.name}: {other.path} and {bundle.path}; "
                    "take one away"
                )
            self._bundles[bundle.name] = bundle
            if bundle.default and bundle.task in self._defaults:
                raise BundleError(
                    f"two models are the default of {bundle.task}: {self._defaults[bundle.task]} "
                    f"and {bundle.name}; take one out of the defaults of its index.json"
                )
            if bundle.default:
                self._defaults[bundle.task] = bundle.name

    def __iter__(self) -> Iterator[Bundle]:
        return iter(self._bundles.values())

    def find(self, name: str) -> Bundle | None:
        """Return the bundle called `name`, or the default one of the task `name`."""
        return self._bundles.get(self._defaults.get(name, name))

    def predictor(self, bundle: Bundle) -> Predictor:
        """Return the predictor of a bundle, made once and shared by all threads.

        Raises
        ------
        BundleError
            Where the file is another one since the start.
        """
        with self._lock:
            if bundle.name not in self._predictors:
                whole = bundles.read(bundle.path)
                if whole.sha256 != bundle.sha256:
                    raise BundleError(f"{bundle.path} has changed: start the site again")
                self._predictors[bundle.name] = Predictor(whole)
            return self._predictors[bundle.name]


def models() -> Models:
    """Return the models of the current application."""
    found: Models = current_app.extensions["satchel"]
    return found
