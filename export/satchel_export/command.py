"""Turn a trained model into a bundle: one .onnx file that satchel runs anywhere.

  satchel export runs/secondary-mathematics.mlp -o my-models
  satchel predict secondary-mathematics.mlp class.csv --models my-models

The graph is compared with the trained model on invented records and, where the data set is at
hand (--data, SATCHEL_DATA), on all its rows; nothing is written unless the two agree.
Export only runs that you trust: a run of scikit-learn is a pickle, which can run any code.

A model that was trained elsewhere becomes a bundle too: a fitted pipeline of scikit-learn, an ONNX
graph, or a model of Keras:

  satchel export pipeline.joblib --trust --data lastyear.csv --target Final --name year-9.forest
  satchel export network.onnx --declared year-9.toml --data lastyear.csv
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``satchel export``."""
    parser.add_argument(
        "run_folder",
        metavar="RUN",
        help="run folder, as 'satchel train' left it; or a .joblib, .onnx or .keras file",
    )
    parser.add_argument(
        "-o", "--out", metavar="DIR", default="models", help="folder of bundles (default: models)"
    )
    parser.add_argument(
        "--data",
        metavar="PATH",
        help="folder with the data set's file; of a model trained elsewhere a table of the rows "
        "that it learned from, of which means, shares and ranges go into the bundle",
    )
    other = parser.add_argument_group("a model trained elsewhere")
    other.add_argument("--trust", action="store_true", help="load a pickle, which can run any code")
    other.add_argument("--name", metavar="TASK.MODEL", help="what the bundle is called")
    other.add_argument("--target", metavar="COLUMN", help="the column that it predicts")
    other.add_argument("--positive", metavar="LABEL", help="of two labels the one of success")
    other.add_argument("--pass-at", metavar="MARK", type=float, help="the pass mark of a score")
    other.add_argument(
        "--declared",
        metavar="FILE",
        help="what the columns hold, as 'satchel train --from' wrote it",
    )
    other.add_argument(
        "--held-out",
        metavar="FILE",
        help="rows with the result that it has not seen: the figures of the card",
    )


def run(arguments: argparse.Namespace) -> int:
    """Export."""
    from satchel_export.write import write
    from satchel_training.datasets.dataset import DATA_VARIABLE
    from satchel_training.run import load_run
    from satchel_training.tasks import TASKS

    if Path(arguments.run_folder).is_file():
        from satchel_export.adopt_file import adopt

        return _said(adopt(arguments))
    spec, heads = load_run(Path(arguments.run_folder))
    columns = None
    folder = arguments.data or os.environ.get(DATA_VARIABLE)
    if folder is not None and spec.task in TASKS:
        frame = TASKS[spec.task].dataset.load(folder)
        columns = {f.name: frame[f.name].to_numpy() for f in spec.inputs.features}
    return _said(write(spec, heads, Path(arguments.out), columns))


def _said(path: Path) -> int:
    from satchel.bundle import read

    version, size = read(path).version, path.stat().st_size
    print(f"{path}: {size} bytes, version {version}, agrees with the trained model")
    return 0
