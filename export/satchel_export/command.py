"""Turn a trained model into a bundle: one .onnx file that satchel runs anywhere.

  satchel export runs/secondary-mathematics.mlp -o my-models
  satchel predict secondary-mathematics.mlp class.csv --models my-models

The graph is compared with the trained model on invented records and, where the data set is at
hand (--data, SATCHEL_DATA), on all its rows; nothing is written unless the two agree.
Export only runs that you trust: a run of scikit-learn is a pickle, which can run any code.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``satchel export``."""
    parser.add_argument("run_folder", metavar="RUN", help="run folder, as 'satchel train' left it")
    parser.add_argument(
        "-o", "--out", metavar="DIR", default="models", help="folder of bundles (default: models)"
    )
    parser.add_argument("--data", metavar="DIR", help="folder with the data set's file")


def run(arguments: argparse.Namespace) -> int:
    """Export."""
    from satchel.bundle import read
    from satchel_export.write import write
    from satchel_training.datasets.dataset import DATA_VARIABLE
    from satchel_training.run import load_run
    from satchel_training.tasks import TASKS

    spec, heads = load_run(Path(arguments.run_folder))
    columns = None
    folder = arguments.data or os.environ.get(DATA_VARIABLE)
    if folder is not None and spec.task in TASKS:
        frame = TASKS[spec.task].dataset.load(folder)
        columns = {f.name: frame[f.name].to_numpy() for f in spec.inputs.features}
    path = write(spec, heads, Path(arguments.out), columns)
    version, size = read(path).version, path.stat().st_size
    print(f"{path}: {size} bytes, version {version}, agrees with the trained model")
    return 0
