"""Reads the metadata of an ONNX model from its bytes, without a session.

Walks the protobuf wire format (https://protobuf.dev/programming-guides/encoding/) over the few
messages of ONNX that matter here. On the way it refuses tensors with external data, which ONNX
Runtime would read from files beside the model or from the working folder, and loops, which nothing
could stop.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator

from satchel.errors import BundleError

# What Git leaves in place of a large file that its extension LFS has not fetched.
LFS_POINTER = b"version https://git-lfs.github.com/spec/"
MAX_DEPTH = 64
# The models that ship have some hundreds; 64 MB of the smallest would be walked for a minute.
MAX_FIELDS = 1_000_000

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5

# Which fields of a message lead on to which message, by field number (onnx.proto).
_MODEL = {7: "graph", 20: "training", 25: "function"}
_CHILDREN: dict[str, dict[int, str]] = {
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "training": {1: "graph", 2: "graph"},
    "function": {7: "node", 11: "attribute"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
    "tensor": {},
}
_LONG = 256  # bytes of an attribute; a network has none of this length, and needs no pattern
_METADATA_PROPS = 14
_EXTERNAL_DATA, _DATA_LOCATION = 13, 14
_OPERATOR = 4


def read_metadata(model: bytes) -> dict[str, str]:
    """Return the ``metadata_props`` of an ONNX model.

    Parameters
    ----------
    model : bytes
        A serialised ``ModelProto``.

    Raises
    ------
    BundleError
        Where the bytes are no ONNX model, a key stands twice, a tensor is kept elsewhere, or the
        graph loops.
    """
    metadata: dict[str, str] = {}
    graphs = 0
    left = iter(range(MAX_FIELDS))
    for number, value in _fields(memoryview(model), left):
        if not isinstance(value, memoryview):
            continue
        if number == _METADATA_PROPS:
            key, text = _entry(value, left)
            if key in metadata:
                raise BundleError(f"the metadata hold {key!r:.40} twice")
            metadata[key] = text
        elif number in _MODEL:
            graphs += number == 7
            _refuse_hostile(value, _MODEL[number], 1, left)
    if not graphs:
        raise BundleError("this is no ONNX model: it holds no graph")
    return metadata


def _entry(message: memoryview, left: Iterator[int]) -> tuple[str, str]:
    parts = {1: "", 2: ""}
    for number, value in _fields(message, left):
        if number in parts and isinstance(value, memoryview):
            try:
                parts[number] = str(value, "utf-8")
            except UnicodeDecodeError:
                raise BundleError("the metadata are not UTF-8 text") from None
    return parts[1], parts[2]


@functools.cache
def _scalars() -> re.Pattern[bytes]:
    # The lists of numbers and short texts of an attribute, of which a forest has hundreds of
    # thousands: fields 7 (floats), 8 (ints) and 9 (strings). Only these are skipped by pattern,
    # each with the one length that its first bytes give it; it reads a forest 30 times faster.
    short = b"|".join(rb"\x%02x.{%d}" % (size, size) for size in range(32))
    pattern = rb"(?:\x3d.{4}|\x40[\x80-\xff]{0,9}[\x00-\x7f]|\x4a(?:" + short + rb"))++"
    return re.compile(pattern, re.DOTALL)


def _refuse_hostile(message: memoryview, kind: str, depth: int, left: Iterator[int]) -> None:
    if depth > MAX_DEPTH:
        raise BundleError(f"the graph is nested more than {MAX_DEPTH} deep")
    children = _CHILDREN[kind]
    skipped = _scalars() if kind == "attribute" and len(message) > _LONG else None
    for number, value in _fields(message, left, skipped):
        if kind == "tensor" and (
            number == _EXTERNAL_DATA or (number == _DATA_LOCATION and value != 0)
        ):
            raise BundleError("the graph keeps data in another file, which is never read")
        if not isinstance(value, memoryview):
            continue
        if kind == "node" and number == _OPERATOR and bytes(value[:5]) == b"Loop":
            raise BundleError("the graph holds a loop, which may never end")
        if number in children:
            _refuse_hostile(value, children[number], depth + 1, left)


def _fields(
    message: memoryview, left: Iterator[int], skipped: re.Pattern[bytes] | None = None
) -> Iterator[tuple[int, int | memoryview]]:
    position, end = 0, len(message)
    while position < end:
        run = skipped.match(message, position) if skipped is not None else None
        if run is not None:
            position = run.end()
            continue
        if next(left, None) is None:
            raise BundleError(f"the model has more than {MAX_FIELDS:,} parts")
        key, position = _varint(message, position)
        number, wire = key >> 3, key & 7
        if number == 0 or key >> 32:
            raise BundleError(f"this is no ONNX model: a field is numbered {number}")
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
        if wire == _BYTES:
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
