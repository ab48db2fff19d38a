import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from satchel import BundleError
from satchel.bundle.onnx_file import MAX_DEPTH, read_metadata

ELSEWHERE = "keeps data in another file"


def nested(proto, numbers, message):
    for number in reversed(numbers):
        message = proto.field(number, message)
    return message


def test_reads_the_metadata(proto):
    model = proto.field(7, b"") + proto.entry("a", "1") + proto.entry("ключ", "значение")
    assert read_metadata(model) == {"a": "1", "ключ": "значение"}


def test_a_model_without_metadata_has_none(proto):
    assert read_metadata(proto.field(7, b"")) == {}


def test_passes_over_what_it_does_not_know(proto):
    unknown = proto.field(1000, b"x") + proto.field(1001, 2**64 - 1)
    fixed = proto.varint(1002 << 3 | 1) + bytes(8) + proto.varint(1003 << 3 | 5) + bytes(4)
    model = unknown + fixed + proto.field(7, unknown + fixed) + proto.entry("a", "1")
    assert read_metadata(model) == {"a": "1"}


@pytest.mark.parametrize("model", [b"", b"\x00", b"PK\x03\x04", b"{}", b"\x08\x08", b"\xff" * 40])
def test_what_is_no_model_is_refused(model):
    with pytest.raises(BundleError, match="no ONNX model"):
        read_metadata(model)


@pytest.mark.parametrize("wire", [3, 4, 6, 7])
def test_other_wire_types_are_refused(proto, wire):
    with pytest.raises(BundleError, match="wire type"):
        read_metadata(proto.field(7, b"") + proto.varint(5 << 3 | wire))


def test_a_field_that_reaches_beyond_the_end_is_refused(proto):
    with pytest.raises(BundleError, match="end is missing"):
        read_metadata(proto.field(7, b"") + proto.varint(7 << 3 | 2) + proto.varint(2**63))


def test_a_key_that_stands_twice_is_refused(proto):
    with pytest.raises(BundleError, match="'a' twice"):
        read_metadata(proto.field(7, b"") + proto.entry("a", "1") + proto.entry("a", "1"))


def test_metadata_that_are_no_text_are_refused(proto):
    with pytest.raises(BundleError, match="UTF-8"):
        read_metadata(proto.field(7, b"") + proto.entry("a", b"\xff"))


# From a model to a tensor: through a graph (7), a training step (20) or a function (25).
PATHS = {
    "an initializer": (7, 5),
    "a sparse initializer's values": (7, 15, 1),
    "a sparse initializer's indices": (7, 15, 2),
    "a node's tensor": (7, 1, 5, 5),
    "a node's tensors": (7, 1, 5, 10),
    "a node's sparse tensor": (7, 1, 5, 22, 1),
    "a node's sparse tensors": (7, 1, 5, 23, 2),
    "a subgraph's initializer": (7, 1, 5, 6, 5),
    "a node of a subgraph": (7, 1, 5, 11, 1, 5, 5),
    "a subgraph of a subgraph": (7, 1, 5, 6, 1, 5, 6, 5),
    "a function's node": (25, 7, 5, 5),
    "a function's default": (25, 11, 5),
    "a subgraph of a function": (25, 7, 5, 6, 5),
    "a training step": (20, 1, 5),
    "another training step": (20, 2, 1, 5, 5),
}


@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS.keys())
@pytest.mark.parametrize("sign", ["location", "entry"])
def test_external_data_are_refused(proto, path, sign):
    tensor = proto.field(14, 1) if sign == "location" else proto.field(13, proto.field(1, "a"))
    hostile = proto.field(7, b"") + nested(proto, path, tensor)
    harmless = proto.field(7, b"") + nested(proto, path, proto.field(14, 0))
    assert read_metadata(harmless) == {}
    with pytest.raises(BundleError, match=ELSEWHERE):
        read_metadata(hostile)


@pytest.mark.parametrize(
    "path", [(7, 1), (7, 1, 5, 6, 1), (7, 1, 5, 11, 1), (25, 7), (20, 1, 1)], ids=str
)
def test_loops_are_refused(proto, path):
    def model(operator):
        return proto.field(7, b"") + nested(proto, path, proto.field(4, operator))

    assert read_metadata(model("If")) == {}
    with pytest.raises(BundleError, match="holds a loop, which may never end"):
        read_metadata(model("Loop"))


def test_external_data_behind_long_lists_of_an_attribute_are_refused(proto):
    floats = b"\x3d\x4a\x3d\x40\x00" * 1000
    ints = b"".join(b"\x40" + proto.varint(number) for number in (0, 127, 128, 2**63, 2**64 - 1))
    texts = b"".join(proto.field(9, b"\x2a" * size) for size in (0, 1, 31, 32, 200))
    lists = (floats + ints * 200 + texts * 50) * 3

    def model(tensor):
        return proto.field(7, proto.field(1, proto.field(5, lists + proto.field(5, tensor))))

    assert read_metadata(model(proto.field(14, 0))) == {}
    with pytest.raises(BundleError, match=ELSEWHERE):
        read_metadata(model(proto.field(14, 1)))


@pytest.mark.parametrize(
    "end", [b"\x3d\x00\x00\x00", b"\x40\x80", b"\x40" + b"\xff" * 10, b"\x4a\x02a"]
)
def test_a_list_of_an_attribute_that_breaks_off_is_refused(proto, end):
    lists = b"\x40\x07" * 100 + end
    with pytest.raises(BundleError):
        read_metadata(proto.field(7, proto.field(1, proto.field(5, lists))))


def test_external_data_in_a_second_graph_are_refused(proto):
    model = proto.field(7, b"") + nested(proto, (7, 5), proto.field(14, 1))
    with pytest.raises(BundleError, match=ELSEWHERE):
        read_metadata(model)


@pytest.mark.parametrize("path", [(7, 5), (7, 1, 5, 5)])
def test_external_data_behind_a_tag_that_protobuf_cuts_to_32_bits_are_refused(proto, path):
    # ONNX Runtime drops the bits above the 32nd of a tag, and so would see the tensor.
    *outer, last = path
    value = proto.field(14, 1)
    tensor = proto.varint(1 << 32 | last << 3 | 2) + proto.varint(len(value)) + value
    with pytest.raises(BundleError):
        read_metadata(nested(proto, outer, tensor))


def test_a_real_model_with_external_data_is_refused(tmp_path, monkeypatch):
    onnx = pytest.importorskip("onnx", reason="pip install '.[train]'")
    weight = onnx.numpy_helper.from_array(np.zeros((300, 1), np.float32), "W")
    float32, info = onnx.TensorProto.FLOAT, onnx.helper.make_tensor_value_info
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node("MatMul", ["X", "W"], ["y"])],
        "g",
        [info("X", float32, ["batch", 300])],
        [info("y", float32, ["batch", 1])],
        [weight],
    )
    model = onnx.helper.make_model(graph)
    assert read_metadata(model.SerializeToString()) == {}
    monkeypatch.chdir(tmp_path)
    onnx.save(model, "m.onnx", save_as_external_data=True, location="w.bin", size_threshold=0)
    with pytest.raises(BundleError, match=ELSEWHERE):
        read_metadata((tmp_path / "m.onnx").read_bytes())


def test_deep_nesting_is_refused(proto):
    def model(depth):
        return nested(proto, (7, *(1, 5, 6) * depth), b"")

    assert read_metadata(model(MAX_DEPTH // 3)) == {}
    for depth in (MAX_DEPTH // 3 + 1, 500):
        with pytest.raises(BundleError, match="nested more than"):
            read_metadata(model(depth))


@pytest.mark.parametrize("path", [(), (7,), (7, 1, 5), (14,)])
def test_a_model_of_endless_parts_is_refused(proto, monkeypatch, path):
    monkeypatch.setattr("satchel.bundle.onnx_file.MAX_FIELDS", 1000)
    assert read_metadata(proto.field(7, b"") + nested(proto, path, b"\x10\x01" * 900)) is not None
    with pytest.raises(BundleError, match="more than 1,000 parts"):
        read_metadata(proto.field(7, b"") + nested(proto, path, b"\x10\x01" * 1100))


def test_a_truncated_model_is_refused_or_holds_nothing_else(tiny_bytes):
    whole = read_metadata(tiny_bytes)
    for end in range(len(tiny_bytes)):
        try:
            metadata = read_metadata(tiny_bytes[:end])
        except BundleError:
            continue
        assert metadata in ({}, whole)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(content):
    try:
        metadata = read_metadata(content)
    except BundleError:
        return
    assert all(isinstance(key, str) for key in metadata)
