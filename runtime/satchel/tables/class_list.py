"""A class list: as it came, what its columns hold, and what the model says of its students."""

from __future__ import annotations

import io
import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any

from satchel.errors import RecordError, TableError
from satchel.prediction import Origin, Prediction
from satchel.predictor import Predictor
from satchel.sentence import Sentence
from satchel.spec import Spec
from satchel.tables.cells import as_text
from satchel.tables.columns import Part, answer_names
from satchel.tables.guess import guess
from satchel.tables.mapping import TableMapping
from satchel.tables.run import TableRun, open_table
from satchel.tables.students import Passed, students
from satchel.tables.table import Chunk, Row, clean_name
from satchel.tables.totals import with_totals
from satchel.wording import plain_name

DONE = "What was done"
EXPLAINED = 30  # students of whom the reasons are found at once
MUCH = 1 / 3  # of a class: doubted, so that it is unlike the training rows
MATTERS = 0.15  # of the strongest effect: a weaker one is no reason
ORDERS = 64  # drawn for the reasons of one: enough to tell which come first
BYTES_PER_STUDENT = 6_000
NAMES = (
    *("name", "fullname", "student", "studentname", "pupil", "surname", "lastname", "firstname"),
    *("nom", "nomprenom", "prenom", "nachname", "vorname", "apellidos", "nombre", "id"),
)
GROUPS = (
    *("class", "group", "form", "section", "course", "classe", "groupe", "klasse", "gruppe"),
    *("grupo", "turma", "clase", "curso"),
)


@dataclass(frozen=True, slots=True)
class Limits:
    """What a class list may hold.

    Attributes
    ----------
    rows, columns : int
    seconds : float
        How long reading it may take.
    """

    rows: int = 5_000
    columns: int = 250
    seconds: float = 20.0


LEVELS = ("high", "watch", "low")


@dataclass(frozen=True, slots=True)
class Levels:
    """From which risk on a student is shown as one to help first, or to watch."""

    high: float = 0.5
    watch: float = 0.2

    def of(self, risk: float | None) -> str:
        """Return one of `LEVELS`; nothing where the risk is not known."""
        if risk is None or math.isnan(risk):
            return ""
        return "high" if risk >= self.high else "watch" if risk >= self.watch else "low"


@dataclass(frozen=True, slots=True)
class Upload:
    """A class list as it came, and how it is to be read.

    Attributes
    ----------
    name : str
        Of the file.
    data : bytes
        What it holds.
    mapping : TableMapping
    named, grouped, result : str
        The columns with the students' names, with their forms or groups, and with the results of
        last year; empty for none.
    settled : bool
        Whether a person has said which columns hold what.
    checks : bool
        Whether it is a list of last year, to see how well the model would have told.
    """

    name: str
    data: bytes
    mapping: TableMapping = field(default_factory=TableMapping)
    named: str = ""
    grouped: str = ""
    result: str = ""
    settled: bool = False
    checks: bool = False

    def source(self) -> io.BytesIO:
        """Return the file, open at its beginning."""
        return _NamedBytes(self.data, self.name)


class _NamedBytes(io.BytesIO):
    def __init__(self, data: bytes, name: str) -> None:
        super().__init__(data)
        self.name = name


@dataclass(frozen=True, slots=True)
class Sheet:
    """The cells of a class list, and what its columns probably hold.

    Attributes
    ----------
    header : list of str
    rows : list of rows
        Of students alone.
    passed : int
        How many rows are no students.
    mapping : TableMapping
        What was said, and what was guessed where nothing was.
    remarks : list of str
    """

    header: list[str]
    rows: list[Row]
    passed: int
    mapping: TableMapping
    remarks: list[str]

    def column(self, name: str) -> list[str]:
        """Return the cells of one column as texts."""
        place = [clean_name(one) for one in self.header].index(clean_name(name))
        return [as_text(row[place]).strip() for row in self.rows if place < len(row)]


@dataclass(frozen=True, slots=True)
class Reason:
    """A field that moved an answer.

    Attributes
    ----------
    field : str
    given : str, float or None
    contribution : float
        In points of the score, or as a probability.
    """

    field: str
    given: str | float | None
    contribution: float


@dataclass(frozen=True, slots=True)
class Student:
    """A student of a class, and what the model says.

    Attributes
    ----------
    number : int
        The row of the file.
    name, group, result, done : str
        As they stand in the file; `done` is what a teacher wrote beside an earlier answer.
    record : mapping
        From field to value, as it was read.
    answer : Prediction or RecordError
    reasons : tuple of Reason
        Those that speak against a good result, the strongest first; empty where none were asked.
    """

    number: int
    name: str
    group: str
    result: str
    done: str
    record: Mapping[str, Any]
    answer: Prediction | RecordError
    reasons: tuple[Reason, ...] = ()

    @property
    def prediction(self) -> Prediction:
        """The answer, where the record could be read."""
        assert isinstance(self.answer, Prediction)
        return self.answer

    @property
    def refused(self) -> bool:
        """Whether the row could not be read."""
        return isinstance(self.answer, RecordError)

    def risk(self, output: str) -> float | None:
        """Return the probability of falling below the pass mark, by one output."""
        return self.prediction.outputs[output].risk

    def score(self, output: str) -> float:
        """Return what students are sorted by: the risk, or else the score, low scores first."""
        answer = self.prediction.outputs[output]
        if answer.risk is not None:
            return -answer.risk
        return answer.value if answer.value is not None else 0.0


@dataclass(frozen=True, slots=True)
class ClassList:
    """A class, read and answered.

    Attributes
    ----------
    upload : Upload
    model : str
        Name of the model.
    pass_at : str or None
        The pass mark, where the teacher gave one.
    students : tuple of Student
        In the order of the file.
    absent : tuple of str
        Optional fields that the file has no column for.
    remarks : tuple of str
    passed : int
        How many rows are no students.
    unlike : bool
        Whether the class is unlike the students that the model learned from.
    earlier : ClassList or None
        An earlier list of the same class.
    """

    upload: Upload
    model: str
    pass_at: str | None
    students: tuple[Student, ...] = ()
    absent: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    passed: int = 0
    unlike: bool = False
    earlier: ClassList | None = None

    @property
    def read(self) -> list[Student]:
        """Students whose rows could be read."""
        return [student for student in self.students if not student.refused]

    @property
    def origin(self) -> Origin | None:
        """Which model answered, and which version of it."""
        return next((one.prediction.origin for one in self.read), None)

    @property
    def refused(self) -> list[Student]:
        """Those whose rows could not."""
        return [student for student in self.students if student.refused]

    @property
    def size(self) -> int:
        """About how many bytes of memory it takes."""
        own = len(self.upload.data) + BYTES_PER_STUDENT * len(self.students) + 10_000
        return own + (self.earlier.size if self.earlier is not None else 0)

    def student(self, number: int) -> Student | None:
        """Return the student of one row of the file."""
        return next((one for one in self.students if one.number == number), None)


def read_sheet(upload: Upload, spec: Spec, limits: Limits) -> Sheet:
    """Return what a class list holds.

    Raises
    ------
    TableError
        Where it is no table that can be read, or a larger one than is allowed.
    """
    last = time.monotonic() + limits.seconds
    with open_table(upload.source(), upload.mapping, spec) as table:
        header, rows, passed = table.header, list[Row](), 0
        chunks = _until(last, table.chunks(), limits)
        first = next(chunks, Chunk())
        if len(header) > limits.columns:
            raise _too_large(limits.columns, Sentence("columns"))
        for item in students(chain([first], chunks), range(1), len(header)):
            if isinstance(item, Passed):
                passed += 1
                continue
            rows += item.rows
            if len(rows) > limits.rows:
                raise _too_large(limits.rows, Sentence("students"))
        answered = answer_names(spec) | {DONE}
        offered = ["" if name in answered else name for name in header]
        mapping = guess(spec, offered, rows, upload.mapping, upload.settled)
        mapping, remarks = with_totals(spec, table, first, mapping)
        return Sheet([*map(clean_name, header)], rows, passed, mapping, [*remarks, *table.remarks])


def _until(last: float, chunks: Iterator[Chunk], limits: Limits) -> Iterator[Chunk]:
    """Yield chunks until the time is over."""
    for chunk in chunks:
        if time.monotonic() > last:
            raise TableError(
                "the list took more than {seconds:g} seconds to read, which is the most that it "
                "may take here; send it in parts, or use satchel predict on the command line, "
                "which takes any time",
                seconds=limits.seconds,
            )
        yield chunk


def _too_large(most: int, what: Sentence) -> TableError:
    return TableError(
        "the list has more than {most:,} {what}, which is the most that is read at once here; "
        "send it in parts, or use satchel predict on the command line, which takes any number",
        most=most,
        what=what,
    )


def named_column(header: Sequence[str], wanted: Sequence[str], used: set[str]) -> str:
    """Return the column whose name is among some, in their order; nothing where there is none."""
    by_name = {plain_name(name): name for name in header if name and clean_name(name) not in used}
    return next((by_name[name] for name in wanted if name in by_name), "")


def read_class(upload: Upload, predictor: Predictor, pass_at: str | None) -> ClassList:
    """Return a class with all its answers.

    Raises
    ------
    TableError
        Where the list cannot be read as it is mapped.
    """
    found: list[Student] = []
    with open_table(upload.source(), upload.mapping, predictor.spec) as table:
        run = TableRun(predictor, table, upload.mapping)
        place = {clean_name(name): i for i, name in enumerate(run.header)}
        asked = (upload.named, upload.grouped, upload.result, DONE)
        columns = [place.get(clean_name(name)) if name else None for name in asked]
        for part in run:
            if isinstance(part, Part):
                found += _students(part, columns)
        read = ClassList(
            upload,
            predictor.name,
            pass_at,
            tuple(found),
            tuple(run.fields.absent),
            tuple(run.fields.value_remarks()),
            len(run.passed),
        )
        return replace(read, unlike=_unlike(read.read, predictor))


def _unlike(found: Sequence[Student], predictor: Predictor) -> bool:
    """Whether a class drifted from the training rows, or much of it is doubted."""
    if sum(not one.prediction.reliable for one in found) > MUCH * len(found):
        return True
    if not found or predictor.spec.reference.rows == 0:
        return False
    return predictor.drift([one.record for one in found]).verdict == "drift"


def _students(part: Part, columns: Sequence[int | None]) -> Iterator[Student]:
    for i, (row, number, answer) in enumerate(
        zip(part.rows, part.numbers, part.predictions, strict=True)
    ):
        texts = [as_text(row[c]).strip() if c is not None and c < len(row) else "" for c in columns]
        name, group, result, done = texts
        yield Student(number, name, group, result, done, part.record(i), answer)


def with_reasons(found: ClassList, predictor: Predictor, output: str) -> ClassList:
    """Return a class with the reasons for those who come first by their risk."""
    first = sorted(found.read, key=lambda one: one.score(output))[:EXPLAINED]
    numbers = {one.number for one in first}
    return replace(
        found,
        students=tuple(
            [
                replace(one, reasons=reasons(predictor, one.record, output))
                if one.number in numbers
                else one
                for one in found.students
            ]
        ),
    )


def reasons(predictor: Predictor, record: Mapping[str, Any], output: str) -> tuple[Reason, ...]:
    """Return what speaks against a good result, what can be changed first.

    Shapley values; see `Predictor.explain`.
    """
    features = {feature.name: feature for feature in predictor.spec.inputs.features}
    explained = predictor.explain(record, output, samples=ORDERS)
    least = MATTERS * max((abs(one.contribution) for one in explained.features), default=0.0)
    against = [
        one
        for one in explained.features
        if one.given is not None and one.contribution < -max(one.error, least)
    ]
    against.sort(key=lambda one: not features[one.feature].actionable)
    return tuple(Reason(one.feature, one.given, one.contribution) for one in against)
