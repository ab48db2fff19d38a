"""The pages of a class: a list in, its columns matched, its students by risk, the list out."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from flask import (
    Blueprint,
    Response,
    abort,
    current_app,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response as WerkzeugResponse

from satchel import Predictor, SatchelError, TableError, TableMapping
from satchel.spec import Spec
from satchel.tables.class_list import (
    ClassList,
    Levels,
    Limits,
    Sheet,
    Student,
    Upload,
    read_class,
    read_sheet,
    with_reasons,
)
from satchel.tables.mapping import read_columns
from satchel.tables.mapping_file import read_mapping, write_mapping
from satchel.tables.outcome import outcome, rules
from satchel.tables.returned import download, recalled
from satchel_web import matching
from satchel_web.class_view import ClassView
from satchel_web.kept import Kept
from satchel_web.language import gettext, said
from satchel_web.models import listed_or_404, models
from satchel_web.questions import Question
from satchel_web.sentences import again, given_text, problem_text
from satchel_web.student import Answered

blueprint = Blueprint("classes", __name__)

COOKIE = "satchel_class"
LISTED = 10  # problems that are shown at once
KINDS = {
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@dataclass(frozen=True, slots=True)
class Settings:
    """What the site's configuration says of classes."""

    limits: Limits
    levels: Levels


def settings() -> Settings:
    """Return those of the current application."""
    found: Settings = current_app.extensions["satchel_classes"]
    return found


def kept() -> Kept[ClassList]:
    """Return the classes that are kept for their browsers."""
    found: Kept[ClassList] = current_app.extensions["satchel_kept"]
    return found


@blueprint.route("/models/<name>/class", methods=["GET", "POST"])
def start(name: str) -> ResponseReturnValue:
    """Ask for a class list; take one."""
    listed = listed_or_404(name)
    problem = ""
    if request.method == "POST":
        try:
            upload = recalled(_uploaded())
            sheet = read_sheet(upload, listed.spec, settings().limits)
            upload = replace(
                matching.with_names(upload, sheet), checks=request.form.get("purpose") == "check"
            )
            found = ClassList(upload, listed.spec.name, None)
            return _keep(found, redirect(url_for("classes.columns"), 303))
        except TableError as error:
            problem = again(error.sentence)
    page = render_template(
        "start.html",
        question=Question(listed),
        listed=listed,
        problem=problem,
        limits=settings().limits,
    )
    return page, 422 if problem else 200


@blueprint.get("/models/<name>/example.csv")
def example(name: str) -> Response:
    """Give a class list to try, or to fill in: invented students."""
    spec = models().predictor(listed_or_404(name)).spec
    target = io.StringIO()
    writer = csv.writer(target)
    writer.writerow([gettext("Name"), *(said(f.label) for f in spec.inputs.features)])
    for i, record in enumerate(spec.reference.background[:12], 1):
        values = (record.get(f.name) for f in spec.inputs.features)
        cells = ["" if v is None else f"{v:g}" if isinstance(v, float) else v for v in values]
        writer.writerow([gettext("Student %(number)s", number=i), *cells])
    return _file(target.getvalue().encode("utf-8-sig"), KINDS["csv"], f"{spec.task}-example.csv")


@blueprint.route("/class/columns", methods=["GET", "POST"])
def columns() -> ResponseReturnValue:
    """Show what the columns hold, take corrections, and go on when all is clear."""
    name, found = _current()
    listed = listed_or_404(found.model)
    spec = listed.spec
    problem = ""
    unreadable: Sequence[Student] = ()
    sheet = read_sheet(found.upload, spec, settings().limits)
    fields = matching.matched(spec, sheet)
    if request.method == "POST":
        action, read = request.form.get("action"), None
        try:
            found = _corrected(found, spec, fields, sheet)
            read = None if action == "look" else _answered(found)
        except SatchelError as error:
            problem = again(error.sentence)
        _renew(name, found)
        if read is not None:
            unreadable = read.refused
            if read.upload.checks and not read.upload.result:
                problem = gettext("Say which column holds the results of last year.")
            elif not read.read:
                problem = gettext("No student of this list can be read like this.")
            elif not unreadable or action == "without":
                _renew(name, read)
                target = "classes.check" if read.upload.checks else "classes.show"
                return redirect(url_for(target), 303)
        sheet = read_sheet(found.upload, spec, settings().limits)
        fields = matching.matched(spec, sheet)
    page = render_template(
        "columns.html",
        question=Question(listed),
        found=found,
        upload=found.upload,
        sheet=sheet,
        fields=sorted(fields, key=lambda field: not field.feature.required),
        mark=matching.asks_pass_mark(spec),
        problem=problem,
        unreadable=unreadable,
        listed=LISTED,
        again=again,
        problem_text=problem_text,
        features={feature.name: feature for feature in spec.inputs.features},
    )
    return page, 422 if problem or unreadable else 200


@blueprint.get("/class")
def show() -> ResponseReturnValue:
    """Show the students by risk."""
    _, found = _current()
    if not found.students:
        return redirect(url_for("classes.columns"), 303)
    listed = listed_or_404(found.model)
    spec = _at_mark(listed.spec, found.pass_at)
    output = request.args.get("output", "")
    output = output if output in spec.scored else spec.scored[0]
    view = ClassView(found, spec, output, settings().levels, request.args)
    return render_template(
        "class.html",
        question=Question(listed),
        view=view,
        features={feature.name: feature for feature in spec.inputs.features},
        given_text=given_text,
        again=again,
    )


@blueprint.get("/class/check")
def check() -> ResponseReturnValue:
    """Show how well the model would have told last year who fails."""
    _, found = _current()
    if not found.students or not found.upload.checks:
        return redirect(url_for("classes.columns"), 303)
    listed = listed_or_404(found.model)
    spec = _at_mark(listed.spec, found.pass_at)
    known = {feature.name: feature for feature in rules(spec)}
    rule = known.get(request.args.get("rule", ""), next(iter(known.values()), None))
    output = request.args.get("output", "")
    output = output if output in spec.scored else spec.scored[0]
    return render_template(
        "check.html",
        question=Question(listed),
        outputs=[o for o in spec.outputs if o.name in spec.scored],
        output=output,
        rules=list(known.values()),
        rule=rule,
        outcome=outcome(found, spec, output, settings().levels.high, _own_mark(found, spec), rule),
    )


@blueprint.post("/class/later")
def later() -> ResponseReturnValue:
    """Take a later list of the same class, and show who moved."""
    name, found = _current()
    listed = listed_or_404(found.model)
    try:
        upload = _uploaded()
        upload = replace(found.upload, name=upload.name, data=upload.data)
        read_sheet(upload, listed.spec, settings().limits)
        read = _answered(replace(found, upload=upload))
    except SatchelError as error:
        abort(422, again(error.sentence))
    _renew(name, replace(read, earlier=replace(found, earlier=None)))
    return redirect(url_for("classes.show"), 303)


@blueprint.get("/class/students/<int:number>")
def student(number: int) -> ResponseReturnValue:
    """Show all that the model says of one student."""
    _, found = _current()
    one = found.student(number)
    if one is None or one.refused:
        abort(404, gettext("There is no such student in this list."))
    predictor = _predictor(found)
    return render_template(
        "student.html",
        question=Question(listed_or_404(found.model)),
        one=one,
        answered=Answered(predictor, one.record, one.prediction),
    )


@blueprint.get("/class/answer.<kind>")
def answer(kind: str) -> Response:
    """Give the list with its answers."""
    _, found = _current()
    if kind not in KINDS:
        abort(404)
    stem = found.upload.name.rpartition(".")[0] or found.upload.name
    content = download(found, _predictor(found), kind)
    return _file(content, KINDS[kind], f"{stem}-answered.{kind}")


@blueprint.get("/class/mapping.toml")
def mapping() -> Response:
    """Give what was said of the columns, for next month and for the command line."""
    _, found = _current()
    text = write_mapping(found.upload.mapping)
    return _file(text.encode(), "application/toml", "mapping.toml")


@blueprint.post("/class/forget")
def forget() -> ResponseReturnValue:
    """Let go of the class at once."""
    kept().forget(request.cookies.get(COOKIE, ""))
    response = redirect(url_for("pages.index"), 303)
    response.delete_cookie(COOKIE)
    return response


def has_class() -> bool:
    """Whether this browser has put in a class list that is still here."""
    name = request.cookies.get(COOKIE, "")
    return bool(name) and kept().find(name) is not None


def _uploaded() -> Upload:
    """Return the file, or the cells that were pasted."""
    file = request.files.get("file")
    mapping = TableMapping()
    said = request.files.get("mapping")
    if said is not None and said.filename:
        try:
            mapping = read_mapping(said.read().decode(), said.filename)
        except UnicodeDecodeError:
            raise TableError(gettext("The file of columns is not text.")) from None
    if file is not None and file.filename:
        name = file.filename.replace("\\", "/").rpartition("/")[2]
        return Upload(name, file.read(), mapping)
    pasted = request.form.get("pasted", "")
    if pasted.strip():
        return Upload("pasted.tsv" if "\t" in pasted else "pasted.csv", pasted.encode(), mapping)
    raise TableError(gettext("Choose a file, or paste the cells of a spreadsheet."))


def _current() -> tuple[str, ClassList]:
    """Return the class of this browser, and under which name it is kept."""
    name = request.cookies.get(COOKIE, "")
    found = kept().find(name) if name else None
    if found is None:
        abort(
            410 if name else 404,
            gettext(
                "There is no class list here any more: it is forgotten after an hour, when the "
                "site starts again, or when others need the room. Put it in again."
            )
            if name
            else gettext("There is no class list here yet. Choose a question and put one in."),
        )
    return name, found


def _keep(found: ClassList, response: WerkzeugResponse) -> WerkzeugResponse:
    """Keep a class under a new name that only this browser knows."""
    kept().forget(request.cookies.get(COOKIE, ""))
    try:
        name = kept().add(found, found.size)
    except ValueError:
        raise TableError(gettext("The list is too large for this page.")) from None
    response.set_cookie(COOKIE, name, httponly=True, samesite="Lax", secure=request.is_secure)
    return response


def _renew(name: str, found: ClassList) -> None:
    """Keep a class in place of what was kept under its name."""
    try:
        kept().replace(name, found, found.size)
    except ValueError:
        abort(413, gettext("The list is too large for this page."))


def _corrected(
    found: ClassList, spec: Spec, fields: Sequence[matching.Field], sheet: Sheet
) -> ClassList:
    """Return a class as the form of its columns corrects it; a total that is none is refused."""
    form = request.form
    mapping = matching.mapping_of(form, fields, sheet)
    read_columns(spec, mapping.columns)
    named, grouped, result = (
        form.get(control, "").removeprefix(":") for control in ("named", "grouped", "result")
    )
    upload = replace(
        found.upload, mapping=mapping, named=named, grouped=grouped, result=result, settled=True
    )
    return ClassList(upload, found.model, _pass_mark(form))


def _pass_mark(form: Mapping[str, str]) -> str | None:
    mark, total = form.get("mark", "").strip(), form.get("mark-total", "").strip()
    if not mark:
        return None
    mark, total = mark.replace(",", "."), total.replace(",", ".")
    return f"{mark}/{total}" if total else mark


def _own_mark(found: ClassList, spec: Spec) -> float | None:
    """Return the pass mark in the class's own marks."""
    if found.pass_at is not None:
        return float(found.pass_at.partition("/")[0])
    return next((m for o in spec.outputs if (m := getattr(o, "pass_at", None)) is not None), None)


def _at_mark(spec: Spec, pass_at: str | None) -> Spec:
    return spec if pass_at is None or not spec.has_distribution else spec.passing_at(pass_at)


def _predictor(found: ClassList) -> Predictor:
    """Return the predictor of a class, with its own pass mark."""
    predictor = models().predictor(listed_or_404(found.model))
    spec = _at_mark(predictor.spec, found.pass_at)
    if spec.outputs == predictor.spec.outputs:  # the mark is that of the model
        return predictor
    return Predictor(replace(predictor.bundle, spec=spec))


def _answered(found: ClassList) -> ClassList:
    predictor = _predictor(found)
    read = read_class(found.upload, predictor, found.pass_at)
    return with_reasons(read, predictor, predictor.spec.scored[0]) if read.read else read


def _file(content: bytes, kind: str, name: str) -> Response:
    response = Response(content, mimetype=kind)
    response.headers.set("Content-Disposition", "attachment", filename=name)
    return response
