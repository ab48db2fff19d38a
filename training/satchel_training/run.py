"""A run: one training of one model, and the folder that keeps it."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from satchel import DataError
from satchel.spec import Spec
from satchel_training.models import Estimator, Recipe, head, load_builder

SPEC, METRICS, HISTORY, RECIPE = "spec.json", "metrics.json", "history.json", "recipe.toml"


@dataclass(frozen=True)
class Run:
    """A trained model, with all that its bundle will say of it.

    Attributes
    ----------
    spec : Spec
    heads : dict
        The native model: from the name of an output to the estimator that answers it.
    recipe : Recipe
        Its hyperparameters and inputs.
    history : list of dict
        Per epoch, losses and accuracies; empty where a model has no epochs.
    """

    spec: Spec
    heads: Mapping[str, Estimator]
    recipe: Recipe
    history: list[dict[str, float]]

    def save(self, folder: Path, add: Callable[[Path], None] | None = None) -> None:
        """Write the run beside `folder`, then put it in its place; a former run goes away.

        Parameters
        ----------
        folder : Path
        add : callable, optional
            Writes more into the folder that it is given, before that is put in place.
        """
        refuse_other_folder(folder)
        folder.parent.mkdir(parents=True, exist_ok=True)
        new = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
        try:
            new.chmod(0o755)
            self._write(new)
            if add is not None:
                add(new)
            if folder.exists():
                old = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
                folder.rename(old / "run")
                try:
                    new.rename(folder)
                except BaseException:
                    (old / "run").rename(folder)
                    old.rmdir()
                    raise
                shutil.rmtree(old)
            else:
                new.rename(folder)
        except BaseException:
            shutil.rmtree(new, ignore_errors=True)
            raise

    def _write(self, folder: Path) -> None:
        (folder / SPEC).write_text(self.spec.to_json() + "\n", "utf-8")
        (folder / RECIPE).write_text(self.recipe.to_toml(), "utf-8")
        metrics: dict[str, dict[str, dict[str, float]]] = {}
        for m in self.spec.card.metrics:
            metrics.setdefault(m.protocol, {}).setdefault(m.output, {})[m.name] = m.value
        for name, content in ((METRICS, metrics), (HISTORY, self.history)):
            (folder / name).write_text(json.dumps(content, indent=2) + "\n", "utf-8")
        for output in self.spec.outputs:
            (folder / output.name).mkdir()
            builder = load_builder(head(self.spec.model, output))
            builder.save(self.heads[output.name], folder / output.name)


def refuse_other_folder(folder: Path) -> None:
    """Refuse a folder that a run may not replace.

    Raises
    ------
    DataError
        Where `folder` is there and holds no run.
    """
    if folder.exists() and not (folder / SPEC).is_file():
        raise DataError(f"{folder} is there already and is no run: name another with --out")


def load_run(folder: Path) -> tuple[Spec, dict[str, Any]]:
    """Return the spec and the native model of a run, one estimator for each output.

    Raises
    ------
    DataError
        Where `folder` holds no run.
    """
    if not (folder / SPEC).is_file():
        raise DataError(f"{folder} holds no run: 'satchel train' makes one")
    spec = Spec.from_json((folder / SPEC).read_text("utf-8"))
    heads = {}
    for output in spec.outputs:
        model = head(spec.model, output)
        heads[output.name] = load_builder(model).load(model, folder / output.name)
    return spec, heads
