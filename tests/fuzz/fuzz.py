"""Throws bytes, guided by the code that they reach, at what reads a file from outside.

    pip install atheris && PYTHONPATH=runtime python tests/fuzz/fuzz.py spec -max_total_time=300

The first word names the target, the rest goes to libFuzzer. A target may refuse its bytes with
a `SatchelError`; any other exception, a hang or a crash is a finding, which libFuzzer saves.
It starts from the tiny bundle of the tests and keeps what it learns in ``build/fuzz/TARGET``,
unless a folder is named.
"""

from __future__ import annotations

import contextlib
import io
import json
import random
import sys
import unittest.mock
from collections.abc import Callable
from csv import reader as parse
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["satchel", "json", "csv"]):
    from satchel import bundle as bundles
    from satchel.bundle.onnx_file import read_metadata
    from satchel.encode.encoder import Encoder
    from satchel.errors import RecordError, SatchelError
    from satchel.predictor import Predictor
    from satchel.spec import Spec
    from satchel.tables.csv import lines, reader
    from satchel.tables.csv.plain import PlainRows
    from satchel.tables.mapping import TableMapping, wanted
    from satchel.tables.predicting import TableOptions, predict_table

CHECKOUT = Path(__file__).resolve().parents[2]
TINY = bundles.read(CHECKOUT / "tests" / "runtime" / "bundles" / "tiny.linear.onnx")
ENCODER = Encoder(TINY.spec.inputs)
PREDICTOR = Predictor(TINY)
HEADER = b"name,score,hours,course\n"
SECONDS_PER_INPUT = 10


def onnx_file(content: bytes) -> None:
    """Read any bytes as a model's metadata."""
    read_metadata(content)


def spec(content: bytes) -> None:
    """Read any bytes as a spec; one that is accepted returns from its own JSON, and encodes."""
    read = Spec.from_json(content.decode("utf-8", "surrogateescape"))
    try:
        text = read.to_json()
    except ValueError as error:
        raise AssertionError(f"accepted, but cannot be written: {error}") from None
    assert Spec.from_json(text) == read
    encoder = Encoder(read.inputs)
    encoder.encode_many([check.record for check in read.checks])


def encoder(content: bytes) -> None:
    """Encode any JSON value as a record: one alone and one of many agree."""
    try:
        record = json.loads(content.decode("utf-8", "surrogatepass"))
    except (ValueError, RecursionError):
        return
    many = ENCODER.encode_many([record])
    try:
        row, _ = ENCODER.encode(record)
    except RecordError:
        assert many.problems
        raise
    assert not many.problems
    assert many.matrix.tobytes() == row


def tables(content: bytes) -> None:
    """Read any bytes as a CSV file: numpy splits it into what the csv module reads."""
    with unittest.mock.patch.object(reader, "ROWS_TO_HEADER", 1):
        compare(rows_of, content)


def answers(content: bytes) -> None:
    """Predict for any bytes below a header: in both ways the answers are the same."""
    with unittest.mock.patch.object(reader, "ROWS_TO_HEADER", 1):
        compare(answer_to, content)


def compare(read: Callable[[bytes], object], content: bytes) -> None:
    """See that both ways say the same; in blocks so small that an odd row leaves others plain."""
    with unittest.mock.patch.object(lines, "BLOCK", 64):
        fast = read(content)
        with unittest.mock.patch.object(reader, "split", return_value=None):
            assert read(content) == fast


def rows_of(content: bytes) -> tuple[list[tuple[int, list[object]]], str]:
    """Return the rows of a CSV file with their numbers, and what stopped it, if anything."""
    rows: list[tuple[int, list[object]]] = []
    try:
        for chunk in reader.CsvReader(io.BytesIO(content), "fuzz.csv").chunks():
            assert len(chunk.rows) == len(chunk.numbers) > 0
            listed = [list(row) for row in chunk.rows]
            if isinstance(chunk.rows, PlainRows):
                columns = [list(chunk.rows.column(i)) for i in range(chunk.rows.width)]
                assert list(map(list, zip(*columns, strict=True))) == listed
            rows += zip(chunk.numbers, listed, strict=True)
    except SatchelError as error:
        return rows, str(error)
    return rows, ""


def answer_to(content: bytes) -> list[list[str]]:
    """Return the cells of the answer to a CSV file whose header is there."""
    table, out = HEADER + content, io.BytesIO()
    names = wanted(PREDICTOR.spec, TableMapping(), {})
    style = reader.CsvReader(io.BytesIO(table), "fuzz.csv", wanted=names).style
    predict_table(PREDICTOR, io.BytesIO(table), out, TableOptions(threads=1))
    text = io.StringIO(out.getvalue().decode(style.encoding), newline="")
    return list(parse(text, delimiter=style.delimiter))


STRANGE = (None, True, 0, -1, 0.5, 1e308, -1e-320, 10**40, "", "x", "\0", "\ud800", [], {}, [[]])


def mutate_json(content: bytes, max_size: int, seed: int) -> bytes:
    """Change one place of a JSON text, so that what is mutated still is JSON; else its bytes."""
    lot = random.Random(seed)
    try:
        plain = json.loads(content)
    except (ValueError, RecursionError):
        plain = None
    if not isinstance(plain, dict | list) or not plain or lot.random() < 0.1:
        return bytes(atheris.Mutate(content, max_size))
    inner, places = plain, []
    while isinstance(inner, dict | list) and inner:
        key = lot.choice(list(inner) if isinstance(inner, dict) else range(len(inner)))
        places.append((inner, key))
        inner = inner[key]
    holder, key = lot.choice(places)
    match lot.randrange(4):
        case 0:
            del holder[key]
        case 1:
            other, place = lot.choice(places)
            holder[key] = json.loads(json.dumps(other[place]))
        case 2 if isinstance(holder, list):
            holder.insert(key, json.loads(json.dumps(holder[key])))
        case _:
            holder[key] = lot.choice(STRANGE)
    return json.dumps(plain).encode()[:max_size]


TARGETS: dict[str, Callable[[bytes], None]] = {
    target.__name__: target for target in (onnx_file, spec, encoder, tables, answers)
}


def seeds(name: str) -> list[bytes]:
    """Return what a target starts from: one good input of each kind."""
    if name == "onnx_file":
        return [TINY.model]
    if name == "spec":
        return [TINY.spec.to_json().encode()]
    if name == "encoder":
        return [json.dumps(dict(check.record)).encode() for check in TINY.spec.checks]
    if name == "answers":
        plain = b"Ann,12,6.5,math\nBen,,1,art\n"
        odd = plain + b'"O""Hara, Jo",3,"2",math\n=1+1,?,-,\n'
        return [odd * 8, plain * 20, plain * 20 + odd]
    text = 'name;score\r\n"A; ""x""";12\r\n\r\nB;\r\n'
    long = "\n".join(f'"{i}";{i};é' for i in range(40))
    found = [
        text,
        text.replace(";", ","),
        "\ufeffa\tb\n1\t2\n",
        f"a;b;c\n{long}",
        "a\n" + "1\r\n" * 40,
    ]
    return [one.encode() for one in found]


def main() -> None:
    """Fuzz one target until libFuzzer is told to stop."""
    if len(sys.argv) < 2 or sys.argv[1] not in TARGETS:
        sys.exit(f"name a target: {', '.join(TARGETS)}")
    name, options = sys.argv[1], sys.argv[2:]
    target = TARGETS[name]
    if not any(not option.startswith("-") for option in options):
        corpus = CHECKOUT / "build" / "fuzz" / name
        corpus.mkdir(parents=True, exist_ok=True)
        for i, seed in enumerate(seeds(name)):
            (corpus / f"seed-{i}").write_bytes(seed)
        options = [str(corpus), f"-artifact_prefix={corpus.parent}/{name}-", *options]

    def once(content: bytes) -> None:
        with contextlib.suppress(SatchelError):
            target(content)

    limits = [f"-timeout={SECONDS_PER_INPUT}", "-rss_limit_mb=2048", "-max_len=65536"]
    mutators = {"custom_mutator": mutate_json} if name in ("spec", "encoder") else {}
    atheris.Setup([sys.argv[0], *limits, *options], once, **mutators)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
