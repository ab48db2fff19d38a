"""Finds, reads and checks bundles: one ``.onnx`` file each, listed in its folder's index.

Paths are texts here: to import `pathlib` takes as long as to read a small bundle and all that
comes with it.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from typing import TYPE_CHECKING

from satchel.bundle.onnx_file import LFS_POINTER, read_model
from satchel.bundle.operators import check_graph
from satchel.errors import BundleError
from satchel.frozen import fresh, frozen
from satchel.spec import Spec
from satchel.spec.contract import is_name
from satchel.wording import meant

if TYPE_CHECKING:
    from pathlib import Path

METADATA_KEY = "satchel"
INDEX = "index.json"
MAX_BYTES = 64 * 2**20
MAX_INDEX_BYTES = 2**20

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_SHIPPED = tuple(
    os.path.join(folder, "models_onnx")
    for folder in (_PACKAGE, os.path.dirname(os.path.dirname(_PACKAGE)))
)


@frozen(hidden=("model", "spec"))
class Bundle:
    """One bundle, read and checked.

    Attributes
    ----------
    file : str
        The path of the file it came from; `path` is the same as a `pathlib.Path`.
    model : bytes
        The serialised ONNX model; these very bytes were checked and are run.
    sha256 : str
        Hexadecimal digest of `model`.
    verified : bool
        Whether the index of its folder names this digest.
    default : bool
        Whether its task's bare name means this bundle.
    """

    __module__ = "satchel"

    file: str
    model: bytes
    spec: Spec
    sha256: str
    verified: bool
    default: bool

    @property
    def path(self) -> Path:
        """The file it came from."""
        from pathlib import Path

        return Path(self.file)

    @property
    def name(self) -> str:
        """The full name, ``task.model``."""
        return self.spec.name

    @property
    def task(self) -> str:
        """The task it answers."""
        return self.spec.task

    @property
    def version(self) -> str:
        """The bundle's version."""
        return self.spec.version

    @property
    def headline(self) -> str:
        """What it answers and how well, in one line."""
        return self.spec.card.headline


@frozen()
class Index:
    """What ``index.json`` says of a folder: digests and sizes, and each task's default model."""

    digests: dict[str, str] = fresh(dict)
    sizes: dict[str, int] = fresh(dict)
    defaults: dict[str, str] = fresh(dict)

    @classmethod
    def read(cls, folder: str | os.PathLike[str]) -> Index:
        """Read the index of `folder`; an empty one where there is none."""
        path = os.path.join(folder, INDEX)
        if not os.path.exists(path):
            return cls()
        try:
            plain = json.loads(_read_bytes(path, MAX_INDEX_BYTES).decode("utf-8"))
            bundles = plain["bundles"]
            for part in (*plain["defaults"], *plain["defaults"].values()):
                # They become part of a path.
                if not is_name(part):
                    raise ValueError(f"{part!r} is no name")
            return cls(
                {str(name): str(entry["sha256"]) for name, entry in bundles.items()},
                {str(name): int(entry["size"]) for name, entry in bundles.items()},
                {str(task): str(model) for task, model in plain["defaults"].items()},
            )
        except (
            ValueError,
            LookupError,
            TypeError,
            AttributeError,
            ArithmeticError,
            RecursionError,
        ) as error:
            raise BundleError(f"{path} is damaged: {error!r:.200}") from None

    def to_json(self) -> str:
        """Return the text of the file, sorted by name."""
        names = sorted(self.digests)
        bundles = {n: {"sha256": self.digests[n], "size": self.sizes[n]} for n in names}
        plain = {"bundles": bundles, "defaults": dict(sorted(self.defaults.items()))}
        return json.dumps(plain, indent=2) + "\n"


def shipped() -> list[str]:
    """Return the folder of the bundles that ship; none where it is not there."""
    return [folder for folder in _SHIPPED if os.path.isdir(folder)][:1]


def folders(extra: Iterable[str | os.PathLike[str]] = ()) -> list[str]:
    """Return the folders that are searched: the shipped one, `extra`, then SATCHEL_MODELS.

    Raises
    ------
    BundleError
        Where a folder that was asked for does not exist, or there is none and this package lies in
        an archive, out of which its models cannot be read.
    """
    found = shipped()
    listed = [part for part in os.environ.get("SATCHEL_MODELS", "").split(os.pathsep) if part]
    asked = [*[os.fspath(one) for one in extra], *listed]
    if not found and not asked and (archive := _archive()):
        raise BundleError(
            f"satchel runs out of {archive}, where its models cannot be read: install it with pip, "
            "or name a folder of models with --models or SATCHEL_MODELS"
        )
    for folder in asked:
        if not os.path.isdir(folder):
            raise BundleError(f"there is no folder {folder} to look for models in")
        if os.path.realpath(folder) not in [os.path.realpath(known) for known in found]:
            found.append(folder)
    return found


def _archive() -> str:
    """Return the file that this package lies in; empty where it lies in a folder."""
    place = _PACKAGE
    while place and place != os.path.dirname(place):
        if os.path.isfile(place):
            return place
        place = os.path.dirname(place)
    return ""


def read(path: str | os.PathLike[str], index: Index | None = None) -> Bundle:
    """Read and check the bundle in the file `path`.

    Parameters
    ----------
    path : path
        An ``.onnx`` file.
    index : Index, optional
        What is known of its folder; by default what ``index.json`` beside it says.

    Raises
    ------
    BundleError
        Where the file cannot be read, its digest is not the index's, it keeps data elsewhere,
        or its spec does not hold together.
    """
    path = os.fspath(path)
    if index is None:
        index = Index.read(os.path.dirname(path))
    model = _read_bytes(path, MAX_BYTES)
    if model.startswith(LFS_POINTER):
        raise BundleError(f"{path} is a Git LFS pointer, not the model: run git lfs pull")
    sha256 = hashlib.sha256(model).hexdigest()
    expected = index.digests.get(stem(path))
    if expected is not None and expected != sha256:
        raise BundleError(
            f"{path} is not the file that {INDEX} names (sha256 {sha256}, expected {expected}): "
            "it is damaged or was changed; install it again"
        )
    try:
        found = read_model(model)
        if METADATA_KEY not in found.metadata:
            raise BundleError("it is an ONNX model without satchel's spec")
        spec = Spec.from_json(found.metadata[METADATA_KEY])
        check_graph(found)
    except BundleError as error:
        raise type(error)(f"{path}: {error}") from None
    return Bundle(
        file=path,
        model=model,
        spec=spec,
        sha256=sha256,
        verified=expected is not None,
        default=index.defaults.get(spec.task) == spec.model,
    )


def read_listed(path: str | os.PathLike[str]) -> Bundle:
    """Read a bundle of a folder, where the name of the file has to be that of the bundle.

    Raises
    ------
    BundleError
        As `read`, and where the file has another name.
    """
    bundle = read(path)
    if stem(path) != bundle.name:
        raise BundleError(f"{path} holds {bundle.name}: call it {bundle.name}.onnx")
    return bundle


def find(name: str | os.PathLike[str], extra: Iterable[str | os.PathLike[str]] = ()) -> str:
    """Return the path of the file of the bundle called `name`.

    Parameters
    ----------
    name : str or path
        ``task.model``; ``task`` for the task's default model; or the path of an ``.onnx`` file.
    extra : iterable of paths
        Folders to search beside the shipped one and those of ``SATCHEL_MODELS``.

    Raises
    ------
    BundleError
        Where there is no such bundle, or more than one.
    """
    if not isinstance(name, str) or name.endswith(".onnx") or os.sep in name:
        path = os.fspath(name)
        if not os.path.isfile(path):
            raise BundleError(f"there is no file {path!r:.200}")
        return path
    files = []
    for folder in folders(extra):
        default = Index.read(folder).defaults.get(name)
        full = name if default is None else f"{name}.{default}"
        files.append(os.path.join(folder, f"{full}.onnx"))
    found = list(filter(os.path.isfile, files))
    if len(found) == 1:
        return found[0]
    if found:
        raise BundleError(f"{name!r} is in several places: {', '.join(found)}")
    known = [stem(path) for path in paths(extra)]
    tasks = {full.partition(".")[0] for full in known}
    hint = meant(name, [*known, *tasks]) or f"; there are: {', '.join(known) or 'none'}"
    raise BundleError(f"there is no model {name!r:.80}{hint}")


def paths(extra: Iterable[str | os.PathLike[str]] = ()) -> list[str]:
    """Return the paths of all bundles' files, by folder and name.

    Raises
    ------
    BundleError
        As `folders`, and where a folder cannot be read.
    """
    found = []
    for folder in folders(extra):
        try:
            names = sorted(os.listdir(folder))
        except OSError as error:
            raise BundleError(f"{folder} cannot be read: {error.strerror}") from None
        found += [os.path.join(folder, name) for name in names if name.endswith(".onnx")]
    return found


def stem(path: str | os.PathLike[str]) -> str:
    """Return the name that the file of a bundle gives it: that of the file without ``.onnx``."""
    return os.path.splitext(os.path.basename(path))[0]


def models(extra: Iterable[str | os.PathLike[str]] = ()) -> list[Bundle]:
    """Return every bundle that `load` finds by name, read and checked.

    Parameters
    ----------
    extra : iterable of paths
        Folders to search beside the shipped one and those of ``SATCHEL_MODELS``.

    Raises
    ------
    BundleError
        Where a folder does not exist, or a bundle in it is damaged or unsafe.
    """
    return [read_listed(path) for path in paths(extra)]


models.__module__ = "satchel"


def _read_bytes(path: str, most: int) -> bytes:
    try:
        # A pipe would be waited for, a device may have no end.
        if os.path.exists(path) and not os.path.isfile(path):
            raise BundleError(f"{path} cannot be read: it is no file")
        with open(path, "rb") as file:
            content = file.read(most + 1)
    except OSError as error:
        raise BundleError(f"{path} cannot be read: {error.strerror}") from None
    if len(content) > most:
        raise BundleError(f"{path} is larger than {most // 2**20} MB")
    return content
