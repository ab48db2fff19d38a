"""The data sets: one module each, with its source, its columns and rows that look alike."""

from satchel_training.datasets.uci import MATHEMATICS, PORTUGUESE

DATASETS = {dataset.name: dataset for dataset in (MATHEMATICS, PORTUGUESE)}
