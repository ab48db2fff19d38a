import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from satchel import BundleError
from satchel.bundle.onnx_file import read_metadata, read_model

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


@pytest.mark.parametrize("path", [(), (7,), (7, 1), (7, 1, 5), (7, 5), (8,), (7, 11, 2)], ids=str)
def test_what_it_does_not_know_is_refused(proto, path):
    for part in (proto.field(1000, b"x"), proto.field(1001, 2**64 - 1)):
        with pytest.raises(BundleError, match="holds a part that no model here has"):
            read_metadata(proto.field(7, b"") * (path[:1] != (7,)) + nested(proto, path, part))


@pytest.mark.parametrize("model", [b"", b"\x00", b"PK\x03\x04", b"{}", b"\x08\x08", b"\xff" * 40])
def test_what_is_no_model_is_refused(model):
    with pytest.raises(BundleError, match=r"no ONNX model|no model here has"):
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


@pytest.mark.parametrize("sign", ["location", "entry"])
def test_external_data_are_refused(proto, sign):
    tensor = proto.field(14, 1) if sign == "location" else proto.field(13, proto.field(1, "a"))
    with pytest.raises(BundleError, match=ELSEWHERE):
        read_metadata(nested(proto, (7, 5), tensor))


# What no model of this project has, by the numbers of the fields that lead there.
FOREIGN = {
    "a sparse initializer": (7, 15),
    "a quantization": (7, 14),
    "a node's tensor": (7, 1, 5, 5),
    "a node's tensors": (7, 1, 5, 10),
    "a node's sparse tensor": (7, 1, 5, 22),
    "a subgraph": (7, 1, 5, 6),
    "subgraphs": (7, 1, 5, 11),
    "a reference to an attribute": (7, 1, 5, 21),
    "a function": (25,),
    "a training step": (20,),
    "a text in a constant": (7, 5, 6),
    "a constant of doubles": (7, 5, 10),
    "a sequence": (7, 11, 2, 4),
    "a map": (7, 11, 2, 5),
}


@pytest.mark.parametrize("path", FOREIGN.values(), ids=FOREIGN)
def test_what_no_model_here_has_is_refused(proto, path):
    with pytest.raises(BundleError, match="holds a part that no model here has"):
        read_metadata(proto.field(7, b"") * (path[0] != 7) + nested(proto, path, b""))


def test_two_graphs_are_refused(proto):
    with pytest.raises(BundleError, match="several graphs"):
        read_metadata(proto.field(7, b"") * 2)


def test_lists_of_an_attribute_are_read(proto):
    numbers = [0, 1, 127, 128, 2**31, 2**63 - 1]
    ints = b"".join(b"\x40" + proto.varint(number) for number in [*numbers, 2**64 - 1])
    floats = b"".join(b"\x3d" + np.float32(x).tobytes() for x in (0.5, -2.0))
    texts = b"".join(proto.field(9, text) for text in ("LEAF", "", "BRANCH_LEQ"))

    def read(attribute):
        node = proto.field(4, "X") + proto.field(5, proto.field(1, "a") + attribute)
        (found,) = read_model(proto.field(7, proto.field(1, node))).nodes
        return found.attributes["a"]

    assert read(ints).tolist() == [*numbers, -1]
    assert read(floats).tolist() == [0.5, -2.0]
    assert read(texts) == [b"LEAF", b"", b"BRANCH_LEQ"]
    assert read(proto.field(3, 2**64 - 5)) == -5
    assert read(proto.field(4, "SUM")) == b"SUM"
    with pytest.raises(BundleError, match="not one value"):
        read(ints + floats)
    with pytest.raises(BundleError, match="no model here has"):
        read(ints + floats + ints)


@pytest.mark.parametrize(
    "end", [b"\x3d\x00\x00\x00", b"\x40\x80", b"\x40" + b"\xff" * 10, b"\x4a\x02a"]
)
def test_a_list_of_an_attribute_that_breaks_off_is_refused(proto, end):
    lists = b"\x40\x07" * 100 + end
    with pytest.raises(BundleError):
        read_metadata(proto.field(7, proto.field(1, proto.field(5, lists))))


@pytest.mark.parametrize("path", [(7, 5)])
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


def test_a_model_of_endless_parts_is_refused(proto, monkeypatch):
    monkeypatch.setattr("satchel.bundle.onnx_file.MAX_FIELDS", 1000)
    for path in ((), (7,)):
        many = nested(proto, path, b"\x12\x00" * 900)
        assert read_metadata(proto.field(7, b"") * (path == ()) + many) is not None
        many = nested(proto, path, b"\x12\x00" * 1100)
        with pytest.raises(BundleError, match="more than 1,000 parts"):
            read_metadata(proto.field(7, b"") * (path == ()) + many)


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


@pytest.mark.parametrize("number", [2, 8, 9])
def test_a_constant_that_says_something_twice_is_refused(proto, number):
    said = {2: 1, 8: b"name", 9: b"\x00\x00\x00\x00"}
    constant = b"".join(proto.field(key, value) for key, value in said.items())

    def model(message):
        return proto.field(7, proto.field(5, proto.field(1, 1) + message))

    assert list(read_model(model(constant)).constants) == ["name"]
    with pytest.raises(BundleError, match="twice"):
        read_model(model(constant + proto.field(number, said[number])))
