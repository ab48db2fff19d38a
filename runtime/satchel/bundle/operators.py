"""Which graphs may run: the operators that export writes, on sizes that are known beforehand.

ONNX Runtime trusts a graph: an operator may divide by zero, read beyond its data, never end, or
fill the memory. So a graph is followed here with one row, before a session is made: every operator
must be one of a list, with attributes that fit, and every value of a size that stays small. What a
table of rows needs grows with its rows alone.

The list holds what export writes, and what skl2onnx writes for linear and logistic models, trees,
forests, boosting, networks and scalers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from satchel.bundle.forest import check_trees
from satchel.bundle.onnx_file import FLOAT, INT64, Model, Node, Tensor
from satchel.errors import BundleError
from satchel.frozen import frozen

OPSETS = {"": range(13, 18), "ai.onnx.ml": range(1, 4)}
MOST_NODES, MOST_COLUMNS = 1000, 1 << 16
MOST_NUMBERS = 1 << 22  # of one value, for one row
MOST_WORK = 1 << 30  # multiplications of one row
_ML = "ai.onnx.ml"


@frozen()
class Value:
    """What is known of a value: its type, its shape for one row, and its constant."""

    type: int
    shape: tuple[int, ...]
    constant: Tensor | None = None


Rule = Callable[[Node, Sequence[Value]], list[Value]]


def check_graph(model: Model) -> None:
    """Refuse a graph that is not made of allowed operators, or grows beyond bounds.

    Raises
    ------
    BundleError
        That names the operator and the reason.
    """
    for domain, version in model.opsets.items():
        domain = "" if domain == "ai.onnx" else domain
        if version not in OPSETS.get(domain, ()):
            title = domain or "ai.onnx"
            raise BundleError(f"the graph needs opset {title:.40} {version}, which is not allowed")
    if len(model.nodes) > MOST_NODES:
        raise BundleError(f"the graph has more than {MOST_NODES} operators")
    known = {
        name: Value(tensor.type, tensor.shape, tensor) for name, tensor in model.constants.items()
    }
    for name, shape in model.inputs.items():
        if any(size is not None and not 0 <= size <= MOST_COLUMNS for size in shape):
            raise BundleError(f"the input {name!r:.40} has a size out of bounds")
        if name not in known:  # older exporters list the constants among the inputs
            known[name] = Value(FLOAT, tuple([1 if size is None else size for size in shape]))
    for node in model.nodes:
        _follow(node, known)


def _follow(node: Node, known: dict[str, Value]) -> None:
    domain = "" if node.domain == "ai.onnx" else node.domain
    rule = _ALLOWED.get((domain, node.operator))
    title = f"{domain}.{node.operator}" if domain else node.operator
    if rule is None:
        raise BundleError(f"the graph has the operator {title!r:.60}, which is not allowed")
    attributes, follow = rule
    unknown = node.attributes.keys() - attributes
    if unknown:
        raise BundleError(f"{title} has the attribute {min(unknown)!r:.40}, which is not allowed")
    try:
        given = [known[name] for name in node.inputs]
        made = follow(node, given)
    except (LookupError, TypeError, ValueError, ArithmeticError) as error:
        why = str(error) if type(error) is ValueError else "a part is missing or odd"
        raise BundleError(f"the operator {title} cannot run: {why:.80}") from None
    if len(node.outputs) > len(made) or not node.outputs:
        raise BundleError(f"{title} gives {len(made)} values, not {len(node.outputs)}")
    for name, value in zip(node.outputs, made, strict=False):
        if math.prod(value.shape) > MOST_NUMBERS or len(value.shape) > 6:
            raise BundleError(f"{title} makes {value.shape} numbers of one row, which is too many")
        if name in known and name:
            raise BundleError(f"the graph makes {name!r:.40} twice")
        known[name] = value


def _require(condition: bool, why: str) -> None:
    if not condition:
        raise ValueError(why)


def _floats(*values: Value) -> None:
    _require(all(value.type == FLOAT for value in values), "it needs float32")


def _work(count: int) -> None:
    _require(count <= MOST_WORK, f"{count} multiplications of one row are too many")


def _same(node: Node, given: Sequence[Value]) -> list[Value]:
    (value,) = given
    _floats(value)
    return [Value(FLOAT, value.shape)]


def _axis_of(node: Node, shape: tuple[int, ...], default: int) -> int:
    axis = int(node.attributes.get("axis", default))
    axis = axis + len(shape) if axis < 0 else axis
    _require(0 <= axis < len(shape), f"it has no axis {axis}")
    return axis


def _softmax(node: Node, given: Sequence[Value]) -> list[Value]:
    _axis_of(node, given[0].shape, -1)
    return _same(node, given)


def _broadcast(node: Node, given: Sequence[Value]) -> list[Value]:
    _floats(*given)
    _require(1 <= len(given) <= 16, "it has no or too many inputs")
    return [Value(FLOAT, np.broadcast_shapes(*[value.shape for value in given]))]


def _matmul(node: Node, given: Sequence[Value]) -> list[Value]:
    left, right = given
    _floats(left, right)
    _require(len(left.shape) >= 2 and len(right.shape) == 2, "it needs matrices")
    _require(left.shape[-1] == right.shape[0], "its matrices do not fit")
    _work(math.prod(left.shape) * right.shape[1])
    return [Value(FLOAT, (*left.shape[:-1], right.shape[1]))]


def _gemm(node: Node, given: Sequence[Value]) -> list[Value]:
    left, right, *rest = given
    _floats(left, right, *rest)
    shapes = []
    for value, turned in ((left, "transA"), (right, "transB")):
        rows, columns = value.shape
        shapes.append((columns, rows) if node.attributes.get(turned, 0) else (rows, columns))
    (rows, inner), (again, columns) = shapes
    _require(inner == again, "its matrices do not fit")
    _require(len(rest) <= 1, "it has too many inputs")
    for bias in rest:
        shape = np.broadcast_shapes(bias.shape, (rows, columns))
        _require(shape == (rows, columns), "its bias does not fit")
    _work(rows * inner * columns)
    return [Value(FLOAT, (rows, columns))]


def _windows(node: Node, size: Sequence[int], kernel: Sequence[int]) -> tuple[int, ...]:
    count = len(size)

    def of(name: str, default: int, many: int) -> list[int]:
        values = [int(v) for v in np.atleast_1d(node.attributes.get(name, [default] * many))]
        _require(len(values) == many, f"{name} does not fit")
        _require(all(0 <= v <= 4096 for v in values), f"{name} is out of bounds")
        return values

    strides, dilations = of("strides", 1, count), of("dilations", 1, count)
    pads = of("pads", 0, 2 * count)
    if "kernel_shape" in node.attributes:
        _require(list(kernel) == of("kernel_shape", 1, count), "its kernel does not fit")
    _require(min([*strides, *dilations, *kernel], default=0) >= 1, "a step is 0")
    found = []
    for i in range(count):
        covered = dilations[i] * (kernel[i] - 1) + 1
        _require(pads[i] < covered and pads[i + count] < covered, "a pad is as wide as the kernel")
        padded = size[i] + pads[i] + pads[i + count]
        _require(padded >= covered, "its kernel is wider than its input")
        found.append((padded - covered) // strides[i] + 1)
    return tuple(found)


def _conv(node: Node, given: Sequence[Value]) -> list[Value]:
    x, weights, *bias = given
    _floats(x, weights, *bias)
    group = int(node.attributes.get("group", 1))
    (batch, channels, *size), (filters, inner, *kernel) = x.shape, weights.shape
    _require(1 <= len(size) == len(kernel) <= 3, "its kernel does not fit")
    _require(group >= 1 and filters % group == 0 and inner * group == channels, "groups do not fit")
    _require(all(one.shape == (filters,) for one in bias) and len(bias) <= 1, "its bias is odd")
    found = _windows(node, size, kernel)
    _work(batch * filters * math.prod(found) * inner * math.prod(kernel))
    return [Value(FLOAT, (batch, filters, *found))]


def _max_pool(node: Node, given: Sequence[Value]) -> list[Value]:
    (x,) = given
    _floats(x)
    batch, channels, *size = x.shape
    kernel = [int(v) for v in node.attributes["kernel_shape"]]
    _require(1 <= len(size) == len(kernel) <= 3, "its kernel does not fit")
    _require(all(1 <= k <= 4096 for k in kernel), "its kernel is out of bounds")
    found = _windows(node, size, kernel)
    _work(batch * channels * math.prod(found) * math.prod(kernel))
    return [Value(FLOAT, (batch, channels, *found))]


def _global_pool(node: Node, given: Sequence[Value]) -> list[Value]:
    (x,) = given
    _floats(x)
    batch, channels, *size = x.shape
    _require(bool(size), "it has nothing to pool")
    return [Value(FLOAT, (batch, channels, *[1] * len(size)))]


def _flatten(node: Node, given: Sequence[Value]) -> list[Value]:
    (x,) = given
    axis = int(node.attributes.get("axis", 1))
    _require(axis == 1 and len(x.shape) >= 1, "its axis is not 1")
    return [Value(x.type, (x.shape[0], math.prod(x.shape[1:])))]


def _constant_of(value: Value) -> list[int]:
    _require(value.constant is not None and value.type == INT64, "it needs a constant")
    assert value.constant is not None
    _require(len(value.constant.values) <= 8, "its constant is too long")
    return [int(v) for v in value.constant.values]


def _reshape(node: Node, given: Sequence[Value]) -> list[Value]:
    x, wanted = given
    shape = _constant_of(wanted)
    _require(len(shape) >= 1, "its shape is empty")
    found = [x.shape[i] if size == 0 else size for i, size in enumerate(shape)]
    known = math.prod(size for size in found if size != -1)
    _require(found.count(-1) <= 1 and all(size >= -1 for size in found), "its shape is odd")
    if -1 in found:
        _require(known > 0 and math.prod(x.shape) % known == 0, "its shape does not fit")
        found[found.index(-1)] = math.prod(x.shape) // known
    _require(math.prod(found) == math.prod(x.shape), "its shape does not fit")
    return [Value(x.type, tuple(found))]


def _squeeze(node: Node, given: Sequence[Value]) -> list[Value]:
    x, axes = given
    places = {a + len(x.shape) if a < 0 else a for a in _constant_of(axes)}
    _require(all(0 <= p < len(x.shape) and x.shape[p] == 1 for p in places), "its axes do not fit")
    return [Value(x.type, tuple(s for i, s in enumerate(x.shape) if i not in places))]


def _unsqueeze(node: Node, given: Sequence[Value]) -> list[Value]:
    x, axes = given
    wanted = _constant_of(axes)
    count = len(x.shape) + len(wanted)
    places = {a + count if a < 0 else a for a in wanted}
    _require(len(places) == len(wanted), "its axes do not fit")
    _require(all(0 <= p < count for p in places), "its axes do not fit")
    rest = iter(x.shape)
    return [Value(x.type, tuple(1 if i in places else next(rest) for i in range(count)))]


def _concat(node: Node, given: Sequence[Value]) -> list[Value]:
    _require(1 <= len(given) <= 256, "it has no or too many inputs")
    first = given[0]
    axis = _axis_of(node, first.shape, -1)
    rest = {(v.type, v.shape[:axis], v.shape[axis + 1 :], len(v.shape)) for v in given}
    _require(len(rest) == 1, "its inputs do not fit")
    size = sum(value.shape[axis] for value in given)
    return [Value(first.type, (*first.shape[:axis], size, *first.shape[axis + 1 :]))]


def _reduce(kind: int | None) -> Rule:
    def follow(node: Node, given: Sequence[Value]) -> list[Value]:
        (x,) = given
        _floats(x)
        axes = node.attributes.get("axes")
        if axes is None:
            axes = [_axis_of(node, x.shape, 0)]
        places = {int(a) + len(x.shape) if a < 0 else int(a) for a in axes}
        _require(all(0 <= p < len(x.shape) and x.shape[p] > 0 for p in places), "its axes are odd")
        keep = int(node.attributes.get("keepdims", 1))
        shape = [1 if i in places else size for i, size in enumerate(x.shape)]
        if not keep:
            shape = [size for i, size in enumerate(shape) if i not in places]
        return [Value(kind or x.type, tuple(shape))]

    return follow


def _rows(x: Value) -> tuple[int, int]:
    _floats(x)
    rows, columns = x.shape
    return rows, columns


def _length(node: Node, name: str, needed: set[int]) -> int:
    values = node.attributes.get(name, ())
    _require(len(values) in needed, f"{name} has {len(values)} numbers")
    return len(values)


def _linear_classifier(node: Node, given: Sequence[Value]) -> list[Value]:
    rows, columns = _rows(given[0])
    classes = len(node.attributes.get("classlabels_ints", ()))
    _require(2 <= classes <= 4096, "it has no classes")
    scores = _length(node, "intercepts", {classes} | ({1} if classes == 2 else set()))
    _length(node, "coefficients", {scores * columns})
    return [Value(INT64, (rows,)), Value(FLOAT, (rows, classes))]


def _linear_regressor(node: Node, given: Sequence[Value]) -> list[Value]:
    rows, columns = _rows(given[0])
    targets = int(node.attributes.get("targets", 1))
    _require(1 <= targets <= 4096, "it has no targets")
    _length(node, "intercepts", {0, targets})
    _length(node, "coefficients", {targets * columns})
    return [Value(FLOAT, (rows, targets))]


def _scaler(node: Node, given: Sequence[Value]) -> list[Value]:
    rows, columns = _rows(given[0])
    for name in ("offset", "scale"):
        _length(node, name, {1, columns})
    return [Value(FLOAT, (rows, columns))]


def _normalizer(node: Node, given: Sequence[Value]) -> list[Value]:
    _rows(given[0])
    return _same(node, given)


def _features(node: Node, given: Sequence[Value]) -> list[Value]:
    x, wanted = given
    _require(wanted.constant is not None and wanted.type == INT64, "it needs constant places")
    assert wanted.constant is not None
    places, size = wanted.constant.values, x.shape[-1]
    _require(0 < len(places) <= 65536, "it takes no or too many columns")
    _require(bool(((places >= 0) & (places < size)).all()), "it takes columns that are not there")
    rows = 1 if len(x.shape) == 1 else math.prod(x.shape[:-1])
    return [Value(x.type, (rows, len(places)))]


def _trees(node: Node, given: Sequence[Value]) -> list[Value]:
    rows, columns = _rows(given[0])
    width = check_trees(node.attributes, node.operator == "TreeEnsembleClassifier", columns)
    scores = Value(FLOAT, (rows, width))
    return [Value(INT64, (rows,)), scores] if node.operator.endswith("Classifier") else [scores]


def _cast(node: Node, given: Sequence[Value]) -> list[Value]:
    (x,) = given
    kind = int(node.attributes["to"])
    _require(kind in (FLOAT, INT64) and x.type in (FLOAT, INT64), "it casts to an odd type")
    return [Value(kind, x.shape)]


_NODES = {
    f"nodes_{name}"
    for name in (
        "falsenodeids",
        "featureids",
        "hitrates",
        "missing_value_tracks_true",
        "modes",
        "nodeids",
        "treeids",
        "truenodeids",
        "values",
    )
}
_AFTER = {"post_transform", "base_values"} | _NODES
_WINDOW = {"dilations", "strides", "kernel_shape", "pads"}
_ALLOWED: Mapping[tuple[str, str], tuple[set[str], Rule]] = {
    **{("", name): (set(), _same) for name in ("Relu", "Sigmoid", "Tanh", "Identity", "Softplus")},
    **{("", name): (set(), _broadcast) for name in ("Add", "Div", "Mul", "Sub", "Sum")},
    ("", "ArgMax"): ({"axis", "keepdims", "select_last_index"}, _reduce(INT64)),
    ("", "ArgMin"): ({"axis", "keepdims", "select_last_index"}, _reduce(INT64)),
    ("", "Cast"): ({"to"}, _cast),
    ("", "Concat"): ({"axis"}, _concat),
    ("", "Conv"): ({"group"} | _WINDOW, _conv),
    ("", "Elu"): ({"alpha"}, _same),
    ("", "Flatten"): ({"axis"}, _flatten),
    ("", "Gemm"): ({"alpha", "beta", "transA", "transB"}, _gemm),
    ("", "GlobalAveragePool"): (set(), _global_pool),
    ("", "MatMul"): (set(), _matmul),
    ("", "MaxPool"): (_WINDOW, _max_pool),
    ("", "ReduceSumSquare"): ({"axes", "keepdims"}, _reduce(None)),
    ("", "Reshape"): (set(), _reshape),
    ("", "Softmax"): ({"axis"}, _softmax),
    ("", "Squeeze"): (set(), _squeeze),
    ("", "Unsqueeze"): (set(), _unsqueeze),
    (_ML, "ArrayFeatureExtractor"): (set(), _features),
    (_ML, "LinearClassifier"): (
        {"classlabels_ints", "coefficients", "intercepts", "multi_class", "post_transform"},
        _linear_classifier,
    ),
    (_ML, "LinearRegressor"): (
        {"coefficients", "intercepts", "targets", "post_transform"},
        _linear_regressor,
    ),
    (_ML, "Normalizer"): ({"norm"}, _normalizer),
    (_ML, "Scaler"): ({"offset", "scale"}, _scaler),
    (_ML, "TreeEnsembleClassifier"): (
        {"class_ids", "class_nodeids", "class_treeids", "class_weights", "classlabels_int64s"}
        | _AFTER,
        _trees,
    ),
    (_ML, "TreeEnsembleRegressor"): (
        {"n_targets", "target_ids", "target_nodeids", "target_treeids", "target_weights"}
        | {"aggregate_function"}
        | _AFTER,
        _trees,
    ),
}
