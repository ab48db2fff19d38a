"""Write what the documents say of the models and data sets, from the shipped bundles.

python tools/documents.py           # writes README.md and docs/data-sets.md
python tools/documents.py--check    # fails where they are not current
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

import satchel
from satchel import Bundle
from satchel import bundle as bundles
from satchel.findings import said
from satchel.measure.metrics import loss
from satchel.spec import ALL_ROWS, CHOICE, TEST, Feature, Spec
from satchel_training.datasets.source import DataSource
from satchel_training.tasks import TASKS

ROOT = Path(__file__).resolve().parents[1]
README, DATA_SETS = ROOT / "README.md", ROOT / "docs" / "data-sets.md"
DIRECTIONS = {"increase": "to increase", "decrease": "to decrease", "": "either way"}
BEGIN, END = "<!-- models: begin -->", "<!-- models: end -->"


def main() -> int:
    """Write the documents, or tell whether they are current."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    stale = [path for path, text in documents().items() if read(path) != text]
    for path in stale:
        if not check:
            path.parent.mkdir(exist_ok=True)
            path.write_text(documents()[path], "utf-8")
        print(f"{path.relative_to(ROOT)}: {'is not current' if check else 'written'}")
    return 1 if check and stale else 0


def read(path: Path) -> str:
    """Return the text of a document; empty where there is none."""
    return path.read_text("utf-8") if path.is_file() else ""


def documents() -> dict[Path, str]:
    """Return what each document should hold."""
    before, _, rest = read(README).partition(BEGIN)
    _, _, after = rest.partition(END)
    table = "\n".join(models_table())
    return {
        README: f"{before}{BEGIN}\n{table}\n{END}{after}",
        DATA_SETS: "\n".join(data_sets()) + "\n",
    }


def models_table() -> Iterator[str]:
    """Yield the table of all shipped models, the lines of a task together."""
    folder = Path(bundles.folders()[0])
    shipped = [bundle for bundle in satchel.models() if bundle.path.parent == folder]
    yield "| model | fields | measure | choice | naive | all rows | published | test | naive | kB |"
    yield "|---|---|---|---|---|---|---|---|---|---|"
    for task in TASKS:
        models = [bundle for bundle in shipped if bundle.task == task]
        for bundle in sorted(models, key=lambda b: (not b.default, b.name)):
            yield _line(bundle)


def _line(bundle: Bundle) -> str:
    spec = bundle.spec
    measure = spec.card.measure
    chosen, tested = _mean(spec, CHOICE), _mean(spec, TEST)
    best = f"**{chosen['value']:.3f}**"
    beaten = loss(measure, chosen["value"]) < loss(measure, chosen["naive"])
    everywhere = _mean(spec, ALL_ROWS)
    published = everywhere.get("published") or tested.get("published")
    cells = [
        f"`{bundle.name}`" + (" (default)" if bundle.default else ""),
        str(len(spec.inputs.features)),
        said(measure),
        best if beaten else f"{chosen['value']:.3f}",
        f"{chosen['naive']:.3f}",
        f"{everywhere['value']:.3f}" if everywhere else "",
        f"{published:.2f}" if published else "",
        f"{tested['value']:.3f}",
        f"{tested['naive']:.3f}",
        f"{len(bundle.model) / 1000:.0f}",
    ]
    return f"| {' | '.join(cells)} |"


def _mean(spec: Spec, protocol: str) -> dict[str, float]:
    """Return the figures of the task's measure, each the mean over all outputs."""
    card = spec.card
    found = [m for m in card.metrics if (m.name, m.protocol) == (card.measure, protocol)]
    if not found:
        return {}
    figures = {
        name: [v for m in found if (v := getattr(m, name)) is not None]
        for name in ("value", "naive", "published")
    }
    return {name: sum(v) / len(v) for name, v in figures.items() if v}


def data_sets() -> Iterator[str]:
    """Yield a datasheet per data set (Gebru et al. 2021)."""
    yield "# The data sets"
    yield ""
    yield "None of their rows is in this project. A model of data that are invented, or that follow"
    yield "an obvious rule, is a demonstration, and says so wherever it shows. What a school or"
    yield "student can change has a direction: a judgement of what a school would want, no model's."
    for dataset in {task.dataset.name: task.dataset for task in TASKS.values()}.values():
        tasks = [name for name, task in TASKS.items() if task.dataset.name == dataset.name]
        yield ""
        yield f"## {dataset.title}"
        yield ""
        yield f"- **Tasks**: {', '.join(f'`{name}`' for name in tasks)}"
        if dataset.url:
            yield f"- **Source**: <{dataset.url}>"
        yield f"- **Licence**: {dataset.licence}"
        if dataset.rule:
            yield f"- **Demonstration**: {dataset.rule}"
        yield f"- **Collection**: {dataset.collection}"
        yield f"- **Composition**: {dataset.composition}"
        yield f"- **Known issues**: {dataset.known_issues}"
        sensitive = [field.name for field in dataset.fields if field.sensitive]
        yield f"- **Sensitive fields**: {', '.join(sensitive) if sensitive else 'none'}"
        changes = [
            f"{words} {', '.join(names)}"
            for direction, words in DIRECTIONS.items()
            if (names := [f.name for f in _actionable(dataset) if f.direction == direction])
        ]
        yield f"- **Can be changed**: {'; '.join(changes) if changes else 'nothing'}"


def _actionable(dataset: DataSource) -> list[Feature]:
    return [field for field in dataset.fields if field.actionable]


if __name__ == "__main__":
    sys.exit(main())
