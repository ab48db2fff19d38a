"""Reads an ONNX model from its bytes, without a session: its metadata, and its graph in parts.

Walks the protobuf wire format (https://protobuf.dev/programming-guides/encoding/) over the messages
of ONNX (onnx.proto) that the models of this project are made of. Any other field is refused: what
is not understood here must not reach ONNX Runtime. `satchel.bundle.operators` says which graphs are
allowed.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from satchel.errors import BundleError
from satchel.frozen import frozen

if TYPE_CHECKING:
    from numpy.typing import NDArray

# What Git leaves in place of a large file that its extension LFS has not fetched.
LFS_POINTER = b"version https://git-lfs.github.com/spec/"
# The models that ship have some hundreds; 64 MB of the smallest would be walked for a minute.
MAX_FIELDS = 200_000

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
FLOAT, INT32, INT64, BOOL = 1, 6, 7, 9
_SIZES = {FLOAT: 4, INT32: 4, INT64: 8, BOOL: 1}
_LONG = 256  # bytes of an attribute; a network has none of this length, and needs no pattern

# The fields of each message that may stand there, by their numbers; those in `_LISTS` repeatedly.
_TEXT = (3, 6, 10, 12, 13, 16)  # names and remarks that nothing reads
_MODEL = {1, 2, 3, 4, 5, 6, 7, 8, 14}
_GRAPH = {1, 2, 5, 10, 11, 12, 13, 16}
_NODE = {1, 2, 3, 4, 5, 6, 7}
_ATTRIBUTE = {1, 2, 3, 4, 13, 20}
_TENSOR = {1, 2, 4, 5, 7, 8, 9, 12}
_ELSEWHERE = {13, 14}  # of a tensor: where its data lie


@frozen()
class Tensor:
    """A constant: its type, as onnx.proto numbers them, its shape, and its numbers."""

    type: int
    shape: tuple[int, ...]
    values: NDArray[Any]


@frozen()
class Node:
    """One operator of a graph, with its attributes by name: numbers, bytes, or arrays of them."""

    domain: str
    operator: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Any]


@frozen()
class Model:
    """What an ONNX file holds.

    Attributes
    ----------
    inputs : dict
        From the name of an input to its shape, None where a size is open.
    outputs : tuple of str
    """

    metadata: Mapping[str, str]
    opsets: Mapping[str, int]
    nodes: tuple[Node, ...]
    constants: Mapping[str, Tensor]
    inputs: Mapping[str, tuple[int | None, ...]]
    outputs: tuple[str, ...]


def read_metadata(model: bytes) -> dict[str, str]:
    """Return the ``metadata_props`` of an ONNX model; errors as in `read_model`."""
    return dict(read_model(model).metadata)


def read_model(content: bytes) -> Model:
    """Read an ONNX model.

    Raises
    ------
    BundleError
        Where the bytes are no ONNX model, hold what no model of this project has (functions,
        subgraphs, sparse tensors or texts, data in another file), or say something twice.
    """
    metadata: dict[str, str] = {}
    opsets: dict[str, int] = {}
    graphs: list[memoryview] = []
    left = iter(range(MAX_FIELDS))
    for number, value in _fields(memoryview(content), left, "the model", _MODEL):
        if number == 14:
            _add(metadata, *_entry(_bytes(value), left), "the metadata hold")
        elif number == 8:
            _add(opsets, *_opset(_bytes(value), left), "the model imports")
        elif number == 7:
            graphs.append(_bytes(value))
    if not graphs:
        raise BundleError("this is no ONNX model: it holds no graph")
    if len(graphs) > 1:
        raise BundleError("the model holds several graphs")
    return _graph(graphs[0], left, metadata, opsets)


def _graph(
    message: memoryview, left: Iterator[int], metadata: dict[str, str], opsets: dict[str, int]
) -> Model:
    nodes: list[Node] = []
    constants: dict[str, Tensor] = {}
    inputs: dict[str, tuple[int | None, ...]] = {}
    outputs: list[str] = []
    for number, value in _fields(message, left, "the graph", _GRAPH):
        if number == 1:
            nodes.append(_node(_bytes(value), left))
        elif number == 5:
            _add(constants, *_tensor(_bytes(value), left), "the graph has the constant")
        elif number == 11:
            _add(inputs, *_value(_bytes(value), left), "the graph has the input")
        elif number == 12:
            outputs.append(_value(_bytes(value), left)[0])
    return Model(metadata, opsets, tuple(nodes), constants, inputs, tuple(outputs))


def _node(message: memoryview, left: Iterator[int]) -> Node:
    names: dict[int, list[str]] = {1: [], 2: [], 4: [], 7: []}
    attributes: dict[str, Any] = {}
    for number, value in _fields(message, left, "an operator", _NODE):
        if number in names:
            names[number].append(_text(_bytes(value)))
        elif number == 5:
            _add(attributes, *_attribute(_bytes(value), left), "an operator has the attribute")
    if len(names[4]) != 1 or len(names[7]) > 1:
        raise BundleError("an operator has not one name")
    (operator,), domain = names[4], "".join(names[7])
    return Node(domain, operator, tuple(names[1]), tuple(names[2]), attributes)


def _attribute(message: memoryview, left: Iterator[int]) -> tuple[str, Any]:
    runs: dict[int, NDArray[Any] | list[bytes]] = {}
    found: dict[int, Any] = {}
    for number, value in _fields(message, left, "an attribute", _ATTRIBUTE, runs):
        if number in found:
            raise BundleError("an attribute says something twice")
        found[number] = value
    name = _text(_bytes(found.get(1, memoryview(b""))))
    parts = [found[k] for k in (2, 3, 4) if k in found] + list(runs.values())
    if len(parts) != 1:
        raise BundleError(f"the attribute {name!r:.40} has not one value")
    one: Any = parts[0]
    if 2 in found:
        one = float(np.frombuffer(_bytes(one), "<f4")[0])
    if 3 in found:
        one = _signed(one)
    return name, bytes(one) if isinstance(one, memoryview) else one


def _tensor(message: memoryview, left: Iterator[int]) -> tuple[str, Tensor]:
    shape: list[int] = []
    parts: dict[int, list[memoryview | int]] = {}
    for number, value in _fields(message, left, "a constant", _TENSOR | _ELSEWHERE):
        if number in _ELSEWHERE and value != 0:
            raise BundleError("the graph keeps data in another file, which is never read")
        if number == 1 and isinstance(value, memoryview):  # packed
            shape += _varints(np.frombuffer(value, np.uint8)).tolist()
        elif number == 1:
            shape.append(_signed(value))
        else:
            parts.setdefault(number, []).append(value)
    if any(len(parts.get(number, ())) > 1 for number in (2, 8, 9)):
        raise BundleError("a constant says its type, its name or its data twice")
    (kind,), (title,) = parts.get(2, [0]), parts.get(8, [memoryview(b"")])
    name = _text(_bytes(title))
    if kind not in _SIZES or isinstance(kind, memoryview):
        raise BundleError(f"the constant {name!r:.40} is of type {kind}, which no model here has")
    values = _numbers(kind, parts, name)
    count = 1
    for size in shape:
        count *= size
    if min(shape, default=0) < 0 or count != len(values):
        raise BundleError(f"the constant {name!r:.40} holds {len(values)} numbers, not {count}")
    return name, Tensor(kind, tuple(shape), values)


def _numbers(kind: int, parts: dict[int, list[memoryview | int]], name: str) -> NDArray[Any]:
    dtype = {FLOAT: "<f4", INT32: "<i4", INT64: "<i8", BOOL: "?"}[kind]
    given = {number: parts[number] for number in (4, 5, 7, 9) if number in parts}
    if not given:
        return np.empty(0, dtype)
    ((number, values),) = given.items() if len(given) == 1 else ((0, []),)
    if number == 9:
        data = _bytes(values[0])
        if len(data) % _SIZES[kind]:
            raise BundleError(f"the constant {name!r:.40} ends within a number")
        return np.frombuffer(data, dtype)
    if (number, kind) not in ((4, FLOAT), (5, INT32), (5, BOOL), (7, INT64)):
        raise BundleError(f"the constant {name!r:.40} holds numbers of another type")
    found: list[NDArray[Any]] = []
    for value in values:
        if isinstance(value, int):
            found.append(np.array([_signed(value)], np.int64))
        elif kind == FLOAT:
            if len(value) % 4:
                raise BundleError(f"the constant {name!r:.40} ends within a number")
            found.append(np.frombuffer(value, "<f4"))
        else:
            found.append(_varints(np.frombuffer(value, np.uint8)))
    return np.concatenate(found).astype(dtype)


def _value(message: memoryview, left: Iterator[int]) -> tuple[str, tuple[int | None, ...]]:
    """Return the name and shape of an input or output."""
    name, shape = "", []
    for number, value in _fields(message, left, "an input", {1, 2, 3}):
        if number == 1:
            name = _text(_bytes(value))
        elif number == 2:
            for kind, tensor in _fields(_bytes(value), left, "a type", {1, 6}):
                for part, dims in _fields(_bytes(tensor), left, "a type", {1, 2}):
                    if kind == 1 and part == 2:
                        shape += [_size(dim, left) for dim in _dims(_bytes(dims), left)]
    return name, tuple(shape)


def _dims(message: memoryview, left: Iterator[int]) -> Iterator[memoryview]:
    for _, value in _fields(message, left, "a shape", {1}):
        yield _bytes(value)


def _size(message: memoryview, left: Iterator[int]) -> int | None:
    for number, value in _fields(message, left, "a shape", {1, 2, 3}):
        if number == 1 and isinstance(value, int):
            return _signed(value)
    return None


def _entry(message: memoryview, left: Iterator[int]) -> tuple[str, str]:
    parts = {1: "", 2: ""}
    for number, value in _fields(message, left, "the metadata", {1, 2}):
        try:
            parts[number] = str(_bytes(value), "utf-8")
        except UnicodeDecodeError:
            raise BundleError("the metadata are not UTF-8 text") from None
    return parts[1], parts[2]


def _opset(message: memoryview, left: Iterator[int]) -> tuple[str, int]:
    domain, version = "", 0
    for number, value in _fields(message, left, "an opset", {1, 2}):
        if number == 1:
            domain = _text(_bytes(value))
        elif isinstance(value, int):
            version = value
    return domain, version


def _add(found: dict[str, Any], name: str, value: Any, what: str) -> None:
    if name in found:
        raise BundleError(f"{what} {name!r:.40} twice")
    found[name] = value


def _text(message: memoryview) -> str:
    try:
        return str(message, "utf-8")
    except UnicodeDecodeError:
        raise BundleError("the graph has a name that is not UTF-8 text") from None


def _bytes(value: int | memoryview) -> memoryview:
    if not isinstance(value, memoryview):
        raise BundleError("this is no ONNX model: a number stands where a message must be")
    return value


@functools.cache
def _lists() -> re.Pattern[bytes]:
    # The lists of numbers and short texts of an attribute, of which a forest has hundreds of
    # thousands: fields 7 (floats), 8 (ints) and 9 (strings).
    short = b"|".join(rb"\x%02x.{%d}" % (size, size) for size in range(32))
    pattern = rb"(?:\x3d.{4})++|(?:\x40[\x80-\xff]{0,9}[\x00-\x7f])++|(?:\x4a(?:" + short + rb"))++"
    return re.compile(pattern, re.DOTALL)


def _list_of(run: bytes) -> NDArray[Any] | list[bytes]:
    """Return the members of a list of one field, each with its tag before it."""
    if run[0] == 0x3D:
        tagged = np.frombuffer(run, np.uint8).reshape(-1, 5)
        return np.ascontiguousarray(tagged[:, 1:]).view("<f4")[:, 0]
    if run[0] == 0x40:
        return _varints(np.frombuffer(run, np.uint8))[1::2]
    # Each text has its tag, J, before it; most hold no other.
    texts = run.split(b"J")[1:]
    different = set(texts)
    if b"" not in different and all(len(text) == text[0] + 1 for text in different):
        return list(map({text: text[1:] for text in different}.__getitem__, texts))
    found, position = [], 0
    while position < len(run):
        size = run[position + 1]
        found.append(run[position + 2 : position + 2 + size])
        position += 2 + size
    return found


def _varints(data: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Return numbers that are written one after the other, each of as few bytes as it needs."""
    ends = np.flatnonzero(data < 0x80)
    if len(data) and (not len(ends) or ends[-1] != len(data) - 1):
        raise BundleError("this is no ONNX model, or its end is missing")
    starts = np.concatenate([[0], ends[:-1] + 1]).astype(np.intp)[: len(ends)]
    lengths = ends - starts + 1
    found = (data[starts] & 0x7F).astype(np.uint64)
    longest = int(lengths.max(initial=0))
    if longest > 10:
        raise BundleError("this is no ONNX model: a number of more than 10 bytes")
    for k in range(1, longest):
        longer = np.flatnonzero(lengths > k)
        part = (data[starts[longer] + k] & 0x7F).astype(np.uint64)
        found[longer] |= part << np.uint64(7 * k)
    return found.view(np.int64)


def _fields(
    message: memoryview,
    left: Iterator[int],
    what: str = "",
    known: set[int] | None = None,
    runs: dict[int, NDArray[Any] | list[bytes]] | None = None,
) -> Iterator[tuple[int, int | memoryview]]:
    """Yield the fields of a message; lists of an attribute go into `runs`."""
    position, end = 0, len(message)
    while position < end:
        if runs is not None and message[position] in (0x3D, 0x40, 0x4A):
            run = _lists().match(message, position)
            if run is None or message[position] >> 3 in runs:
                raise BundleError("an attribute holds a list that no model here has")
            runs[message[position] >> 3] = _list_of(run[0])
            position = run.end()
            continue
        if next(left, None) is None:
            raise BundleError(f"the model has more than {MAX_FIELDS:,} parts")
        key, position = _varint(message, position)
        number, wire = key >> 3, key & 7
        if number == 0 or key >> 32:
            raise BundleError(f"this is no ONNX model: a field is numbered {number}")
        if known is not None and number not in known:
            raise BundleError(f"{what} holds a part that no model here has (field {number})")
        if wire == _VARINT:
            value, position = _varint(message, position)
            yield number, value
            continue
        if wire == _BYTES:
            size, position = _varint(message, position)
        elif wire == _FIXED64:
            size = 8
        elif wire == _FIXED32:
            size = 4
        else:
            raise BundleError(f"this is no ONNX model: wire type {wire}")
        if size > end - position:
            raise BundleError("this is no ONNX model, or its end is missing")
        yield number, message[position : position + size]
        position += size


def _varint(message: memoryview, position: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if position >= len(message):
            raise BundleError("this is no ONNX model, or its end is missing")
        byte = message[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
    raise BundleError("this is no ONNX model: a number of more than 10 bytes")


def _signed(value: int | memoryview) -> int:
    """Return a number of 64 bits with its sign."""
    if isinstance(value, memoryview):
        raise BundleError("this is no ONNX model: a message stands where a number must be")
    return value - (1 << 64) if value >> 63 else value
