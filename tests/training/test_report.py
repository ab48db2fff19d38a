import base64
import io
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
from matplotlib.image import imread

from satchel.spec import Disparity, Fairness, Group, Importance, Segment
from satchel_training import evaluate
from satchel_training.fit import Fitted
from satchel_training.models import Recipe
from satchel_training.report import Material, write_report
from satchel_training.tasks import find_task
from satchel_training.train import train

VOID = {"meta", "img", "br"}
HISTORY = [
    {
        "learning_rate": 0.01,
        "train_loss": 1 / (epoch + 1),
        "valid_loss": 1.2 / (epoch + 1),
        "train_pass_accuracy": 0.9,
        "valid_pass_accuracy": 0.8,
    }
    for epoch in range(5)
]


class Page(HTMLParser):
    """Reads a page, and fails where a tag is not closed in its place."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.text = [], [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)

    def all(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]


def material(task, frame, model, hyperparameters, history=()):
    """Return what a report is made from, with cross-validation in a hurry."""
    task = replace(task, runs=1, folds=3, all_rows=False)
    run = train(task, frame, model, Recipe(hyperparameters))
    rows, test = evaluate.split(task, frame)
    fitted = Fitted(run.spec.inputs, run.spec.outputs, run.heads)
    segment = next((o.name for o in run.spec.outputs if isinstance(o, Segment)), None)
    return Material(
        task=task,
        spec=run.spec,
        history=history,
        train=rows,
        tested=evaluate.answer(task, fitted, rows, test),
        choice=evaluate.cross_validate(task, rows, model, hyperparameters),
        segments=None if segment is None else fitted.predict(rows)[segment].label,
    )


def plain(made):
    """Return the material without what the card knows of weights and groups."""
    card = replace(made.spec.card, importance=(), fairness=None)
    return replace(made, spec=replace(made.spec, card=card))


def written(made, folder):
    """Write the report; return its page, and its plots by name."""
    write_report(folder, made)
    plots = {path.name: path.read_bytes() for path in (folder / "plots").iterdir()}
    assert {path.name for path in folder.iterdir()} == {"plots", "report.html"}
    return Page((folder / "report.html").read_text("utf-8")), plots


@pytest.fixture(scope="module")
def scored(task, frame):
    return material(task, frame, "ridge", {"alpha": 10.0}, HISTORY)


@pytest.fixture(scope="module")
def classed():
    task = find_task("course-outcome")
    return material(task, task.dataset.generate(160, 1), "logistic", {})


@pytest.fixture(scope="module")
def several():
    task = find_task("exam-scores")
    return material(task, task.dataset.generate(120, 1), "linear", {})


@pytest.fixture(scope="module")
def levels(levels_task, small_frame):
    return material(levels_task, small_frame, "logistic", {})


@pytest.fixture(scope="module")
def written_once(request, tmp_path_factory):
    """Return page and plots of a material, by the name of its fixture; each is written once."""
    kept = {}

    def of(name):
        if name not in kept:
            made = plain(request.getfixturevalue(name))
            kept[name] = written(made, tmp_path_factory.mktemp(name))
        return kept[name]

    return of


SCORE = ["actual-against-predicted", "residuals", "confusion", "reliability"]
DATA = ["distributions-numbers", "distributions-categories", "correlations"]
OF_EACH = [
    f"{plot}.{subject}"
    for plot in ("actual-against-predicted", "residuals")
    for subject in ("math", "reading", "writing")
]


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("scored", [*SCORE, *DATA, "history-loss", "history-pass-accuracy"]),
        ("classed", ["confusion", "roc", "reliability", "segments", *DATA]),
        ("several", [*OF_EACH, *DATA]),
        ("levels", ["confusion", "roc", *DATA]),
    ],
)
def test_a_report_has_the_plots_that_its_outputs_allow(name, wanted, written_once):
    page, plots = written_once(name)
    assert sorted(plots) == sorted(f"{plot}.png" for plot in wanted)
    prefix = "data:image/png;base64,"
    shown = [base64.b64decode(image["src"].removeprefix(prefix)) for image in page.all("img")]
    assert sorted(shown) == sorted(plots.values())


@pytest.mark.parametrize("name", ["scored", "classed", "several", "levels"])
def test_plots_are_images_that_are_not_blank(name, written_once):
    _, plots = written_once(name)
    for content in plots.values():
        image = imread(io.BytesIO(content))[..., :3].mean(axis=2)
        assert min(image.shape) > 300
        ink = np.mean(image < 0.98)
        assert 0.01 < ink < 0.9


@pytest.mark.parametrize("name", ["scored", "classed", "several", "levels"])
def test_the_page_needs_nothing_else(name, written_once, request):
    page, _ = written_once(name)
    assert page.all("script") == page.all("link") == page.all("iframe") == []
    assert all(image["src"].startswith("data:image/png;base64,") for image in page.all("img"))
    url = request.getfixturevalue(name).spec.card.source.url
    assert [link["href"] for link in page.all("a")] == ([url] if url else [])
    styles = " ".join(page.text)
    assert "@import" not in styles
    assert "url(" not in styles


def test_every_image_says_what_it_shows(written_once):
    page, _ = written_once("scored")
    alts = [image["alt"] for image in page.all("img")]
    assert min(map(len, alts)) > 30
    assert len(set(alts)) == len(alts)
    assert page.all("html") == [{"lang": "en"}]


def test_the_page_tells_what_the_card_knows(scored, written_once):
    page, _ = written_once("scored")
    text, card = " ".join(page.text), scored.spec.card
    for known in (card.title, card.headline, card.intended_use, card.unintended_use, card.split):
        assert known in text
    for metric in card.metrics:
        assert f"{metric.value:.3f}" in text
    assert "Demonstration" not in text
    for name, version in card.versions.items():
        assert f"{name} {version}" in text


def test_a_demonstration_says_so(written_once):
    page, _ = written_once("classed")
    assert any("Demonstration." in text for text in page.text)


def test_text_is_escaped(scored, tmp_path):
    card = replace(
        scored.spec.card,
        title="Grades < 10 & <script>alert(1)</script>",
        headline='"quoted" $name',
        limitations=("<b>none</b>",),
        source=replace(scored.spec.card.source, url="javascript:alert(1)"),
    )
    page, _ = written(replace(scored, spec=replace(scored.spec, card=card)), tmp_path)
    assert page.all("script") == page.all("a") == []
    text = " ".join(page.text)
    assert card.title in text
    assert card.headline in text
    assert card.limitations[0] in text


def test_labels_of_a_data_set_are_no_markup_in_plots_either(small_task, small_frame, tmp_path):
    fields = tuple(
        replace(field, label=f'${field.label}_{{ <"&') for field in small_task.dataset.fields
    )
    task = replace(small_task, dataset=replace(small_task.dataset, fields=fields))
    page, _ = written(material(task, small_frame, "linear", {}), tmp_path)
    assert any("$Hours_{" in image["alt"] for image in page.all("img"))


def test_importance_and_fairness_are_shown_where_the_card_has_them(scored, tmp_path):
    disparities = tuple(
        Disparity(
            output="G3",
            feature=feature,
            name="bias_difference",
            value=0.5,
            low=0.1,
            high=0.9,
            chance=chance,
        )
        for feature, chance in (("sex", 0.2), ("address", 0.8))
    )
    groups = tuple(
        Group(output="G3", feature=feature, group=group, rows=40, figures={"bias": (0.1, -1, 1)})
        for feature, names in (("sex", ("female", "male")), ("address", ("rural", "urban")))
        for group in names
    )
    card = replace(
        scored.spec.card,
        importance=(Importance(feature="G2", value=1.5, spread=0.1),),
        fairness=Fairness(protocol="test split", groups=groups, disparities=disparities),
    )
    page, plots = written(replace(scored, spec=replace(scored.spec, card=card)), tmp_path)
    assert {"importance.png", "fairness.png"} <= plots.keys()
    captions = " ".join(page.text)
    assert "further apart than groups drawn by lot would be (Sex)" in captions
    alts = " ".join(image["alt"] for image in page.all("img"))
    assert "Second-period grade 1.5" in alts
    assert "Home address rural: bias 0.10" in alts


def test_a_target_missed_by_nothing_and_a_single_epoch_can_be_drawn(scored, tmp_path):
    true = scored.tested.true["G3"].astype(float)
    answers = {"G3": replace(scored.tested.answers["G3"], value=true)}
    tested = replace(scored.tested, answers=answers, exact={"G3": true})
    made = replace(plain(scored), tested=tested, history=HISTORY[:1])
    _, plots = written(made, tmp_path)
    assert {"residuals.png", "history-loss.png"} <= plots.keys()


def test_a_test_split_of_one_class_has_no_roc_curve(classed, tmp_path):
    output = classed.task.scored[0]
    true = np.full(len(classed.tested.true[output.name]), "Pass", object)
    made = replace(plain(classed), tested=replace(classed.tested, true={output.name: true}))
    _, plots = written(made, tmp_path)
    assert "roc.png" not in plots
    assert "confusion.png" in plots


def test_equal_runs_give_equal_files(several, written_once, tmp_path):
    assert written(plain(several), tmp_path)[1] == written_once("several")[1]


def test_drawing_leaves_matplotlib_as_it_was(levels, tmp_path):
    import matplotlib

    matplotlib.rcParams["font.size"] = 33
    try:
        before = matplotlib.rcParams.copy()
        written(levels, tmp_path)
        assert matplotlib.rcParams.copy() == before
    finally:
        matplotlib.rcdefaults()


def test_matplotlib_is_imported_for_a_report_alone():
    code = "import sys, satchel_training.report; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
