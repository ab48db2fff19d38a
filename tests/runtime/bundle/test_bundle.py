import dataclasses
import inspect
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import onnxruntime
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import satchel
from satchel import BundleError, Predictor, SpecError
from satchel.bundle import Index
from satchel.bundle import bundle as bundles


@pytest.fixture
def folder(tmp_path, models_dir):
    """A copy of the tiny bundle and its index."""
    copied = tmp_path / "models"
    shutil.copytree(models_dir, copied)
    return copied


@pytest.fixture(autouse=True)
def _nothing_shipped(monkeypatch):
    monkeypatch.setattr("satchel.bundle.bundle._SHIPPED", ())


def refuse_sessions(monkeypatch):
    def refuse(*arguments):
        raise AssertionError("a session was made")

    monkeypatch.setattr("satchel.predictor.Graph", refuse)


def flipped(content, place, bit=0):
    return content[:place] + bytes([content[place] ^ 1 << bit]) + content[place + 1 :]


# ---- reading ---------------------------------------------------------------------------------


def test_an_indexed_bundle_is_verified(tiny, spec, tiny_bytes):
    assert tiny.verified
    assert tiny.default
    assert tiny.model == tiny_bytes
    assert tiny.spec == spec
    assert (tiny.name, tiny.task, tiny.version) == ("tiny.linear", "tiny", "1.0.0")
    assert tiny.headline == "Invented numbers: it predicts nothing."


def test_a_bundle_without_an_index_is_unverified(tmp_path, tiny_bytes):
    path = tmp_path / "tiny.linear.onnx"
    path.write_bytes(tiny_bytes)
    bundle = bundles.read(path)
    assert not bundle.verified
    assert not bundle.default


def test_a_changed_byte_of_an_indexed_bundle_is_refused_before_a_session(
    folder, tiny_bytes, monkeypatch
):
    refuse_sessions(monkeypatch)
    path = folder / "tiny.linear.onnx"
    with pytest.raises(AssertionError, match="a session was made"):
        satchel.load(path)
    for place in range(0, len(tiny_bytes), 101):
        path.write_bytes(flipped(tiny_bytes, place))
        with pytest.raises(BundleError, match="damaged or was changed"):
            satchel.load(path)


def test_a_shortened_or_lengthened_indexed_bundle_is_refused(folder, tiny_bytes):
    for content in (b"", tiny_bytes[:-1], tiny_bytes + b"\0"):
        (folder / "tiny.linear.onnx").write_bytes(content)
        with pytest.raises(BundleError, match="damaged or was changed"):
            bundles.read(folder / "tiny.linear.onnx")


def test_external_data_are_refused_before_a_session(tmp_path, tiny_bytes, proto, monkeypatch):
    refuse_sessions(monkeypatch)
    path = tmp_path / "tiny.linear.onnx"
    path.write_bytes(proto.field(7, proto.field(5, proto.field(14, 1))))
    with pytest.raises(BundleError, match="another file"):
        satchel.load(path)


def test_a_model_without_a_spec_is_refused(tmp_path, tiny_bytes, proto):
    path = tmp_path / "plain.onnx"
    path.write_bytes(proto.without_metadata(tiny_bytes))
    with pytest.raises(BundleError, match=r"plain\.onnx: it is an ONNX model without satchel"):
        bundles.read(path)


@pytest.mark.parametrize("text", ["", "null", "[]", "{}", "{", "\0", '{"spec_version":3}'])
def test_a_spec_that_cannot_be_read_is_refused(tmp_path, tiny_bytes, proto, text):
    path = tmp_path / "odd.onnx"
    path.write_bytes(proto.with_spec(tiny_bytes, text))
    with pytest.raises(SpecError, match=r"odd\.onnx: the spec"):
        bundles.read(path)


def test_a_file_that_is_too_large_is_refused(tiny_path, tiny_bytes, monkeypatch):
    monkeypatch.setattr("satchel.bundle.bundle.MAX_BYTES", len(tiny_bytes))
    assert bundles.read(tiny_path).verified
    monkeypatch.setattr("satchel.bundle.bundle.MAX_BYTES", len(tiny_bytes) - 1)
    with pytest.raises(BundleError, match="is larger than"):
        bundles.read(tiny_path)


@pytest.mark.parametrize("name", ["new", "tiny.linear"])  # without a digest, and with one
def test_what_git_leaves_in_place_of_a_large_file_is_told(folder, name):
    path = folder / f"{name}.onnx"
    path.write_text(f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 9\n")
    with pytest.raises(BundleError, match="is a Git LFS pointer, not the model: run git lfs pull"):
        bundles.read(path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
def test_a_pipe_is_not_waited_for(folder):
    os.mkfifo(folder / "pipe.onnx")
    with pytest.raises(BundleError, match="no file"):
        satchel.models([folder])
    (folder / "pipe.onnx").unlink()
    (folder / "index.json").unlink()
    os.mkfifo(folder / "index.json")
    with pytest.raises(BundleError, match="no file"):
        satchel.load("tiny.linear", models=[folder])


@pytest.mark.parametrize("device", ["/dev/zero", "/dev/null", "/proc/self/mem"])
def test_a_device_is_not_read(tmp_path, device):
    if not Path(device).exists():
        pytest.skip(f"there is no {device} here")
    path = tmp_path / "tiny.linear.onnx"
    path.symlink_to(device)
    with pytest.raises(BundleError):
        bundles.read(path)
    (tmp_path / "index.json").symlink_to(device)
    with pytest.raises(BundleError):
        bundles.find("tiny.linear", [tmp_path])


def test_what_is_no_file_is_refused(tmp_path):
    for path in (tmp_path, tmp_path / "absent.onnx", tmp_path / "absent" / "x.onnx"):
        with pytest.raises(BundleError):
            bundles.read(path)


# ---- damage that no index shows --------------------------------------------------------------


def load(path, content):
    """Load `content`; None where it is refused, as it should be."""
    path.write_bytes(content)
    try:
        return satchel.load(path)
    except BundleError:
        return None


def test_a_truncated_bundle_is_refused_at_every_length(tmp_path, tiny_bytes, tiny):
    path = tmp_path / "tiny.linear.onnx"
    for end in range(len(tiny_bytes)):
        predictor = load(path, tiny_bytes[:end])
        # Opset and metadata may be the last fields of the file: then the graph was whole.
        assert predictor is None or predictor.spec == tiny.spec


@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_a_bundle_with_flipped_bits_is_refused_or_answers(tmp_path, tiny_bytes, data):
    places = st.tuples(st.integers(0, len(tiny_bytes) - 1), st.integers(0, 7))
    content = tiny_bytes
    for place, bit in data.draw(st.lists(places, min_size=1, max_size=4)):
        content = flipped(content, place, bit)
    predictor = load(tmp_path / "tiny.linear.onnx", content)
    if predictor is not None:
        assert predictor.verify().checks == len(predictor.spec.checks)


@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_a_bundle_with_flipped_bits_in_its_spec_is_refused_or_answers(
    tmp_path, tiny_bytes, proto, spec, data
):
    text = spec.to_json().encode()
    place, bit = data.draw(st.tuples(st.integers(0, len(text) - 1), st.integers(0, 7)))
    content = proto.with_spec(tiny_bytes, flipped(text, place, bit))
    predictor = load(tmp_path / "tiny.linear.onnx", content)
    if predictor is not None:
        assert predictor.verify().checks == len(predictor.spec.checks)


def test_bytes_that_look_like_another_format_of_onnxruntime_are_refused(tmp_path, tiny_bytes):
    # An unknown field in front, whose bytes 4 to 8 are the mark of ONNX Runtime's own format.
    # Another process, because its reader is not made for hostile bytes.
    path = tmp_path / "tiny.linear.onnx"
    path.write_bytes(b"\xa2\x06\x05\x00ORTM" + tiny_bytes)
    program = (
        "import sys, satchel\ntry: satchel.load(sys.argv[1])\nexcept satchel.BundleError: pass\n"
    )
    done = subprocess.run([sys.executable, "-c", program, path], check=False)
    assert done.returncode == 0


def edited(spec, edit):
    plain = json.loads(spec.to_json())
    edit(plain)
    return json.dumps(plain)


def derived(name, *inputs):
    return {"name": name, "operation": "sum", "inputs": inputs}


HOSTILE = {
    "another version": (lambda p: p.update(spec_version=3), "reads versions up to 2"),
    "a number that derives from itself": (
        lambda p: p["inputs"]["derived"].insert(0, derived("a", "a", "score")),
        "a needs a, which is no number known before it",
    ),
    "a circle of derived numbers": (
        lambda p: p["inputs"].update(derived=[derived("a", "b"), derived("b", "a")]),
        "a needs b, which is no number known before it",
    ),
    "a derived number named like a feature": (
        lambda p: p["inputs"]["derived"].append(derived("score", "hours")),
        r"field named twice: 'score'",
    ),
    "a number derived from a category": (
        lambda p: p["inputs"]["derived"].append(derived("a", "course")),
        "a needs course, which is no number",
    ),
    "a column without a feature": (
        lambda p: p["inputs"]["features"].pop(),
        "a column needs the category effort: unknown",
    ),
    "a column of another kind": (
        lambda p: p["inputs"]["columns"][0].update(source="course"),
        "a column needs the number course: unknown",
    ),
    "a column of no category": (
        lambda p: p["inputs"]["columns"][9].update(value="alchemy"),
        "course = 'alchemy': unknown",
    ),
    "fewer columns than the graph reads": (
        lambda p: p["inputs"]["columns"].pop(),
        r"the graph's input is not float32 'X' of shape \(batch, 11\)",
    ),
    "ten thousand columns": (
        lambda p: p["inputs"].update(columns=p["inputs"]["columns"][:1] * 10_000),
        r"shape \(batch, 10000\)",
    ),
    "an output that the graph lacks": (
        lambda p: (
            [p["outputs"][0].update(name="other")]
            + [check["outputs"].update(other=[1.0]) for check in p["checks"]]
            + [check["outputs"].pop("grade") for check in p["checks"]]
        ),
        "the graph's output 'other' is not float32",
    ),
    "an output of another kind": (
        lambda p: (
            p.pop("advice"),
            p["outputs"][2].update(kind="regression"),
            p["outputs"][2].pop("labels"),
        ),
        "the graph's output 'group' is not float32",
    ),
    "a number of 400 digits": (
        lambda p: p["inputs"]["columns"][0].update(mean=10**400),
        "expected a finite number",
    ),
    "code": (
        lambda p: p["inputs"]["derived"][0].update(operation="__import__('os').abort()"),
        "derived",
    ),
    "a name that is a path": (lambda p: p.update(task="../../etc"), "is no name"),
}


@pytest.mark.parametrize(("edit", "message"), HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_spec_is_refused_with_the_reason(
    tmp_path, tiny_bytes, proto, spec, edit, message
):
    path = tmp_path / "tiny.linear.onnx"
    path.write_bytes(proto.with_spec(tiny_bytes, edited(spec, edit)))
    with pytest.raises(BundleError, match=message) as caught:
        satchel.load(path)
    assert str(caught.value).startswith(str(path))
    assert len(str(caught.value)) < 600


@pytest.mark.parametrize(
    "opening", ["[", '{"a":', '{"inputs":[', '{"spec_version":1,"advice":{"a":']
)
def test_a_spec_nested_deeply_is_refused(tmp_path, tiny_bytes, proto, opening):
    path = tmp_path / "tiny.linear.onnx"
    path.write_bytes(proto.with_spec(tiny_bytes, opening * 200_000))
    with pytest.raises(SpecError):
        satchel.load(path)


def test_data_in_another_file_are_never_opened(tmp_path, tiny_bytes, monkeypatch):
    onnx = pytest.importorskip("onnx", reason="pip install '.[train]'")
    model = onnx.load_from_string(tiny_bytes)
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "tiny.linear.onnx"
    onnx.save(model, path, save_as_external_data=True, location="w.bin", size_threshold=0)
    refuse_sessions(monkeypatch)
    with pytest.raises(BundleError, match="another file, which is never read"):
        satchel.load(path)
    assert (tmp_path / "w.bin").exists()


# ---- finding ---------------------------------------------------------------------------------


def test_finds_by_name_task_and_path(folder, monkeypatch):
    path = folder / "tiny.linear.onnx"
    assert bundles.find("tiny.linear", [folder]) == str(path)
    assert bundles.find("tiny", [str(folder)]) == str(path)
    assert bundles.find(path) == str(path)
    assert bundles.find(str(path)) == str(path)
    monkeypatch.chdir(folder)
    assert Path(bundles.find("tiny.linear.onnx")).resolve() == path.resolve()
    assert Path(bundles.find("./tiny.linear.onnx")).resolve() == path.resolve()
    assert satchel.load("tiny.linear.onnx").bundle.path == Path("tiny.linear.onnx")


def test_finds_in_the_folders_of_the_environment(folder, tmp_path, monkeypatch):
    (tmp_path / "empty").mkdir()
    listed = os.pathsep.join([str(tmp_path / "empty"), "", str(folder)])
    monkeypatch.setenv("SATCHEL_MODELS", listed)
    assert bundles.find("tiny") == str(folder / "tiny.linear.onnx")
    assert [bundle.name for bundle in satchel.models()] == ["tiny.linear"]
    assert satchel.load("tiny").name == "tiny.linear"


def test_a_folder_given_twice_is_searched_once(folder, monkeypatch):
    monkeypatch.setenv("SATCHEL_MODELS", str(folder))
    again = folder / ".." / folder.name
    assert bundles.folders([folder, again]) == [str(folder)]
    assert bundles.find("tiny", [folder, again]) == str(folder / "tiny.linear.onnx")


def test_shipped_models_come_first(folder, tmp_path, monkeypatch):
    monkeypatch.setattr("satchel.bundle.bundle._SHIPPED", (str(tmp_path / "absent"), str(folder)))
    assert bundles.folders([tmp_path]) == [str(folder), str(tmp_path)]


def test_a_folder_that_does_not_exist_is_an_error(tmp_path, monkeypatch):
    with pytest.raises(BundleError, match="there is no folder"):
        bundles.find("tiny", [tmp_path / "absent"])
    monkeypatch.setenv("SATCHEL_MODELS", str(tmp_path / "absent"))
    with pytest.raises(BundleError, match="there is no folder"):
        satchel.models()


def test_a_name_in_two_folders_is_ambiguous(folder, tmp_path):
    other = tmp_path / "other"
    shutil.copytree(folder, other)
    with pytest.raises(BundleError, match=r"in several places: .*models.*other"):
        bundles.find("tiny.linear", [folder, other])


def test_a_name_that_is_nearly_right_is_answered_with_the_right_one(folder):
    with pytest.raises(BundleError, match=r"no model 'tiny\.lineal'; did you mean 'tiny\.linear'"):
        bundles.find("tiny.lineal", [folder])
    with pytest.raises(BundleError, match=r"did you mean 'tiny'\?"):
        bundles.find("tinny", [folder])
    with pytest.raises(BundleError, match=r"there are: tiny\.linear$"):
        bundles.find("zzz", [folder])


def test_without_any_model_it_says_so(tmp_path):
    with pytest.raises(BundleError, match="there are: none"):
        bundles.find("tiny", [tmp_path])
    assert satchel.models([tmp_path]) == []


@pytest.mark.parametrize(
    "name", ["", ".", "..", "\0", "a\0.onnx", "../tiny", "/", "\ud800", "*", "a" * 300]
)
def test_a_strange_name_is_no_model(folder, name):
    with pytest.raises(BundleError):
        bundles.find(name, [folder])


def test_a_path_that_is_too_long_is_no_model():
    with pytest.raises(BundleError):
        bundles.find("a" * 300 + ".onnx")


def test_a_task_without_a_default_needs_the_full_name(folder):
    (folder / "index.json").unlink()
    assert bundles.find("tiny.linear", [folder]) == str(folder / "tiny.linear.onnx")
    with pytest.raises(BundleError, match="no model 'tiny'"):
        bundles.find("tiny", [folder])


def test_models_refuses_a_file_with_another_name_than_its_bundle(folder, tiny_bytes):
    (folder / "copy.onnx").write_bytes(tiny_bytes)
    with pytest.raises(BundleError, match=r"holds tiny\.linear: call it tiny\.linear\.onnx"):
        satchel.models([folder])
    assert bundles.read(folder / "copy.onnx").name == "tiny.linear"


def test_models_lists_every_bundle_and_stops_at_a_damaged_one(folder, tiny, tiny_bytes, proto):
    other = dataclasses.replace(tiny.spec, model="a-copy")
    (folder / "tiny.a-copy.onnx").write_bytes(proto.with_spec(tiny_bytes, other.to_json()))
    assert [bundle.verified for bundle in satchel.models([folder])] == [False, True]
    (folder / "broken.onnx").write_bytes(b"")
    with pytest.raises(BundleError, match=r"broken\.onnx"):
        satchel.models([folder])


# ---- the index -------------------------------------------------------------------------------


DAMAGED = (
    *("", "null", "[]", "{}", '{"bundles": {}}', '{"bundles": [], "defaults": {}}', "[" * 10**5),
    '{"bundles": {"a": {"sha256": "x"}}, "defaults": {}}',
    '{"bundles": {}, "defaults": 3}',
    '{"bundles": {}, "defaults": {"tiny": 3}}',
    '{"bundles": {}, "defaults": {"tiny": "a.b"}}',
    '{"bundles": {}, "defaults": {"tiny": "/../secret"}}',
    '{"bundles": {}, "defaults": {"../tiny": "linear"}}',
    '{"bundles": {"a": {"sha256": "x", "size": "y"}}, "defaults": {}}',
    '{"bundles": {"a": {"sha256": "x", "size": Infinity}}, "defaults": {}}',
)


@pytest.mark.parametrize("text", DAMAGED, ids=range(len(DAMAGED)))
def test_a_damaged_index_is_refused(folder, text):
    (folder / "index.json").write_text(text)
    with pytest.raises(BundleError, match=r"index\.json is damaged"):
        bundles.read(folder / "tiny.linear.onnx")
    with pytest.raises(BundleError, match=r"index\.json is damaged"):
        bundles.find("tiny", [folder])


def test_an_index_leads_to_no_file_elsewhere(folder, tmp_path, tiny_bytes):
    (tmp_path / "secret.onnx").write_bytes(tiny_bytes)
    (folder / "tiny.").mkdir()
    hostile = {"bundles": {}, "defaults": {"tiny": "/../../secret"}}
    (folder / "index.json").write_text(json.dumps(hostile))
    with pytest.raises(BundleError, match="is no name"):
        satchel.load("tiny", models=[folder])


def test_an_index_that_is_too_large_is_refused(folder):
    (folder / "index.json").write_text(" " * (bundles.MAX_INDEX_BYTES + 1))
    with pytest.raises(BundleError, match="larger than 1 MB"):
        bundles.find("tiny", [folder])


def test_an_index_that_is_no_text_is_refused(folder):
    (folder / "index.json").write_bytes(b"\xff\xfe")
    with pytest.raises(BundleError, match=r"index\.json is damaged"):
        bundles.find("tiny", [folder])


def test_an_index_returns_from_its_json(tmp_path):
    index = Index({"b.x": "1", "a.y": "2"}, {"b.x": 1, "a.y": 2}, {"b": "x", "a": "y"})
    (tmp_path / "index.json").write_text(index.to_json(), "utf-8")
    assert Index.read(tmp_path) == index
    assert list(json.loads(index.to_json())["bundles"]) == ["a.y", "b.x"]


def test_an_index_may_be_given(tiny_path, tiny):
    assert not bundles.read(tiny_path, Index()).verified
    assert bundles.read(tiny_path, Index({"tiny.linear": tiny.sha256})).verified
    with pytest.raises(BundleError, match="damaged or was changed"):
        bundles.read(tiny_path, Index({"tiny.linear": "0" * 64}))


def test_there_need_be_no_index(tmp_path):
    assert Index.read(tmp_path) == Index()


def test_another_default_changes_what_the_task_means(folder, tiny, tiny_bytes, proto):
    other = dataclasses.replace(tiny.spec, model="other")
    (folder / "tiny.other.onnx").write_bytes(proto.with_spec(tiny_bytes, other.to_json()))
    index = dataclasses.replace(Index.read(folder), defaults={"tiny": "other"})
    (folder / "index.json").write_text(index.to_json(), "utf-8")
    assert satchel.load("tiny", models=[folder]).name == "tiny.other"
    assert [bundle.default for bundle in satchel.models([folder])] == [False, True]


def test_a_predictor_names_the_file_that_onnxruntime_refuses(tiny):
    broken = dataclasses.replace(tiny, model=b"\x3a\x00")
    with pytest.raises(BundleError, match=r"tiny\.linear\.onnx: ONNX Runtime refuses"):
        Predictor(broken)


def test_a_graph_whose_names_are_no_text_is_refused_in_silence(tiny, capfd):
    for name in (b"batch", b"grade\x12\x13", b"grade_product"):
        assert name in tiny.model
        hostile = tiny.model.replace(name, b"\xe8" + name[1:], 1)
        with pytest.raises(BundleError):
            Predictor(dataclasses.replace(tiny, model=hostile))
    # Before it had this switch, ONNX Runtime announced on stdout that it would try again.
    if 'get("enable_fallback"' in inspect.getsource(onnxruntime.InferenceSession.__init__):
        assert capfd.readouterr().out == ""


def test_out_of_an_archive_it_is_told_that_there_are_no_models(tmp_path):
    import subprocess
    import sys
    import zipfile
    from pathlib import Path

    package = Path(satchel.__file__).parent
    archive = tmp_path / "satchel.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for path in package.rglob("*.py"):
            file.write(path, path.relative_to(package.parent))
    script = f"import sys; sys.path.insert(0, {str(archive)!r}); from satchel.cli import main; "
    done = subprocess.run(
        [sys.executable, "-c", script + "sys.exit(main(['list']))"], capture_output=True, text=True
    )
    assert done.returncode == 2
    assert done.stderr.startswith(f"satchel: satchel runs out of {archive}, where its models ")
