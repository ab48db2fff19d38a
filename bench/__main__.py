"""Prints how fast satchel is, as ratios measured in one run: ``python bench [PART ...]``.

Parts are ``one``, ``many``, ``process``, ``table`` and ``rivals``. Needs what training and
export need.
"""

from __future__ import annotations

import os
import sys

# Before anything makes a pool of threads: every side runs on one.
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TF_NUM_INTRAOP_THREADS"):
    os.environ.setdefault(name, "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import build  # noqa: E402
import many  # noqa: E402
import one  # noqa: E402
import process  # noqa: E402
import rivals  # noqa: E402
import table  # noqa: E402
import timing  # noqa: E402

import satchel  # noqa: E402, F401  first, so that ONNX Runtime stays quiet

PARTS = {"one": one, "many": many, "process": process, "table": table, "rivals": rivals}


def main() -> None:
    """Build the bundles, measure, print the table."""
    paths = build.build(rivals.FOLDER)
    rows: list[timing.Row] = []
    for part in sys.argv[1:] or PARTS:
        rows += PARTS[part].measure(paths)  # type: ignore[attr-defined]
    timing.print_table(rows)


if __name__ == "__main__":
    main()
