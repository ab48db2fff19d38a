"""Whether the trees of a graph are trees: each node has one parent, every way ends in a leaf."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_NODES = 2_000_000
_LEAF, _BRANCHES = b"LEAF", {b"BRANCH_LEQ", b"BRANCH_LT", b"BRANCH_GT", b"BRANCH_GTE"}
_TRANSFORMS = (b"NONE", b"LOGISTIC", b"SOFTMAX")
_LABELS = 4096


def check_trees(attributes: Mapping[str, Any], classifier: bool, columns: int) -> int:
    """Return how many scores an ensemble of trees gives.

    Parameters
    ----------
    attributes : mapping
        Of the operator, as ONNX names them.
    classifier : bool
    columns : int
        Of the matrix that it reads.

    Raises
    ------
    ValueError
        That says what is no tree; LookupError or TypeError where an attribute is missing or odd.
    """
    trees, ids, features, yes, no = (
        _ints(attributes[f"nodes_{name}"])
        for name in ("treeids", "nodeids", "featureids", "truenodeids", "falsenodeids")
    )
    modes, count = attributes["nodes_modes"], len(trees)
    _require(0 < count <= MOST_NODES, "it has no nodes, or too many")
    for name in ("values", "hitrates", "missing_value_tracks_true"):
        values = attributes.get(f"nodes_{name}", ())
        _require(len(values) == count or (name != "values" and not len(values)), f"nodes_{name}")
    lists = (ids, features, yes, no, modes)
    _require(all(len(values) == count for values in lists), "its lists differ in length")
    _require(isinstance(modes, list) and set(modes) <= {_LEAF, *_BRANCHES}, "it has an odd mode")
    leaf = np.fromiter(map(_LEAF.__eq__, modes), bool, count)
    _require(bool(((features >= 0) & (features < columns))[~leaf].all()), "it reads no such column")

    keys, order = _keys(trees, ids)
    parents = np.flatnonzero(~leaf)
    children = np.concatenate([yes[parents], no[parents]])
    places = _find(keys, order, np.concatenate([trees[parents]] * 2), children)
    above = np.full(count, -1)
    _require(not (np.bincount(places) > 1).any(), "a node has two parents")
    above[places] = np.concatenate([parents, parents])
    roots = np.flatnonzero(above < 0)
    # The keys are sorted by tree.
    count_of_trees = 1 + np.count_nonzero(np.diff(keys >> 32))
    several = (np.diff(np.sort(trees[roots])) == 0).any()
    _require(not several and len(roots) == count_of_trees, "it has odd roots")
    # Every node leads up to a root: by leaps that double, so that a circle is found soon.
    top = np.where(above < 0, np.arange(count), above)
    for _ in range(max(1, count.bit_length())):
        top = top[top]
    _require(bool((above[top] < 0).all()), "its nodes lead back to themselves")

    kind = "class" if classifier else "target"
    weights = attributes[f"{kind}_weights"]
    of_trees, of_nodes, scores = (
        _ints(attributes[f"{kind}_{name}"]) for name in ("treeids", "nodeids", "ids")
    )
    _require(len(of_trees) == len(of_nodes) == len(scores) == len(weights) > 0, "its weights")
    found = _find(keys, order, of_trees, of_nodes)
    _require(bool(leaf[found].all()), "a weight belongs to no leaf")
    width = _width(attributes, classifier)
    _require(bool(((scores >= 0) & (scores < width)).all()), "a weight is of no score")
    _require(len(attributes.get("base_values", ())) in (0, 1, width), "its base values")
    _require(attributes.get("post_transform", b"NONE") in _TRANSFORMS, "it has an odd transform")
    _require(attributes.get("aggregate_function", b"SUM") == b"SUM", "it does not add its trees")
    return width


def _width(attributes: Mapping[str, Any], classifier: bool) -> int:
    if classifier:
        width = len(attributes["classlabels_int64s"])
    else:
        width = int(attributes.get("n_targets", 1))
    _require(1 <= width <= _LABELS, "it has no scores, or too many")
    return width


def _ints(values: Any) -> NDArray[np.int64]:
    found = np.asarray(values)
    _require(found.dtype == np.int64 and found.ndim == 1, "a list is none of whole numbers")
    _require(bool(((found >= 0) & (found < 1 << 31)).all()), "a number is out of bounds")
    return found


def _keys(trees: NDArray[np.int64], ids: NDArray[np.int64]) -> tuple[Any, Any]:
    """Return the nodes' tree and number as one, sorted, and where each stands."""
    keys = trees << 32 | ids
    order = np.argsort(keys, kind="stable")
    keys = keys[order]
    _require(bool((np.diff(keys) > 0).all()), "a node stands there twice")
    return keys, order


def _find(keys: Any, order: Any, trees: Any, ids: Any) -> NDArray[np.intp]:
    wanted = trees << 32 | ids
    places = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    _require(bool((keys[places] == wanted).all()), "it leads to a node that is not there")
    found: NDArray[np.intp] = order[places]
    return found


def _require(condition: bool, why: str) -> None:
    if not condition:
        raise ValueError(why)
