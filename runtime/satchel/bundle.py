"""Finds, reads and checks bundles: one ``.onnx`` file each, listed in its folder's index."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from pathlib import Path

from satchel.errors import BundleError
from satchel.onnx_file import read_metadata
from satchel.record import fresh, record
from satchel.spec import Spec
from satchel.spec.contract import is_name

METADATA_KEY = "satchel"
INDEX = "index.json"
MAX_BYTES = 64 * 2**20
MAX_INDEX_BYTES = 2**20

_PACKAGE = Path(__file__).parent
_SHIPPED = (_PACKAGE / "models_onnx", _PACKAGE.parents[1] / "models_onnx")


@record(hidden=("model", "spec"))
class Bundle:
    """One bundle, read and checked.

    Attributes
    ----------
    path : Path
        The file it came from.
    model : bytes
        The serialised ONNX model; these very bytes were checked and are run.
    sha256 : str
        Hexadecimal digest of `model`.
    verified : bool
        Whether the index of its folder names this digest.
    default : bool
        Whether its task's bare name means this bundle.
    """

    path: Path
    model: bytes
    spec: Spec
    sha256: str
    verified: bool
    default: bool

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


@record()
class Index:
    """What ``index.json`` says of a folder: digests and sizes, and each task's default model."""

    digests: dict[str, str] = fresh(dict)
    sizes: dict[str, int] = fresh(dict)
    defaults: dict[str, str] = fresh(dict)

    @classmethod
    def read(cls, folder: Path) -> Index:
        """Read the index of `folder`; an empty one where there is none."""
        path = folder / INDEX
        if not path.exists():
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


def folders(extra: Iterable[str | os.PathLike[str]] = ()) -> list[Path]:
    """Return the folders that are searched: the shipped one, `extra`, then SATCHEL_MODELS.

    Raises
    ------
    BundleError
        Where a folder that was asked for does not exist.
    """
    found = [folder for folder in _SHIPPED if folder.is_dir()][:1]
    listed = [part for part in os.environ.get("SATCHEL_MODELS", "").split(os.pathsep) if part]
    for folder in (*map(Path, extra), *map(Path, listed)):
        if not folder.is_dir():
            raise BundleError(f"there is no folder {folder} to look for models in")
        if folder.resolve() not in [known.resolve() for known in found]:
            found.append(folder)
    return found


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
    path = Path(path)
    if index is None:
        index = Index.read(path.parent)
    model = _read_bytes(path, MAX_BYTES)
    sha256 = hashlib.sha256(model).hexdigest()
    expected = index.digests.get(path.stem)
    if expected is not None and expected != sha256:
        raise BundleError(
            f"{path} is not the file that {INDEX} names (sha256 {sha256}, expected {expected}): "
            "it is damaged or was changed; install it again"
        )
    try:
        metadata = read_metadata(model)
        if METADATA_KEY not in metadata:
            raise BundleError("it is an ONNX model without satchel's spec")
        spec = Spec.from_json(metadata[METADATA_KEY])
    except BundleError as error:
        raise type(error)(f"{path}: {error}") from None
    return Bundle(
        path=path,
        model=model,
        spec=spec,
        sha256=sha256,
        verified=expected is not None,
        default=index.defaults.get(spec.task) == spec.model,
    )


def read_listed(path: Path) -> Bundle:
    """Read a bundle of a folder, where the name of the file has to be that of the bundle.

    Raises
    ------
    BundleError
        As `read`, and where the file has another name.
    """
    bundle = read(path)
    if path.stem != bundle.name:
        raise BundleError(f"{path} holds {bundle.name}: call it {bundle.name}.onnx")
    return bundle


def find(name: str | os.PathLike[str], extra: Iterable[str | os.PathLike[str]] = ()) -> Path:
    """Return the file of the bundle called `name`.

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
        path = Path(name)
        if not _is_file(path):
            raise BundleError(f"there is no file {str(path)!r:.200}")
        return path
    searched = folders(extra)
    stems = {}
    for folder in searched:
        default = Index.read(folder).defaults.get(name)
        stems[folder] = name if default is None else f"{name}.{default}"
    files = [folder / f"{stem}.onnx" for folder, stem in stems.items()]
    found = [file for file in files if _is_file(file)]
    if len(found) == 1:
        return found[0]
    if found:
        raise BundleError(f"{name!r} is in several places: {', '.join(map(str, found))}")
    known = [path.stem for path in paths(extra)]
    tasks = {stem.partition(".")[0] for stem in known}
    import difflib  # takes a millisecond, for a message that few need

    close = difflib.get_close_matches(name, [*known, *tasks], n=1)
    hint = f"did you mean {close[0]!r}?" if close else f"there are: {', '.join(known) or 'none'}"
    raise BundleError(f"there is no model {name!r:.80}; {hint}")


def paths(extra: Iterable[str | os.PathLike[str]] = ()) -> list[Path]:
    """Return the files of all bundles, by folder and name; errors as in `folders`."""
    return [path for folder in folders(extra) for path in sorted(folder.glob("*.onnx"))]


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


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name longer than the file system has
        return False


def _read_bytes(path: Path, most: int) -> bytes:
    try:
        # A pipe would be waited for, a device may have no end.
        if path.exists() and not path.is_file():
            raise BundleError(f"{path} cannot be read: it is no file")
        with path.open("rb") as file:
            content = file.read(most + 1)
    except OSError as error:
        raise BundleError(f"{path} cannot be read: {error.strerror}") from None
    if len(content) > most:
        raise BundleError(f"{path} is larger than {most // 2**20} MB")
    return content
