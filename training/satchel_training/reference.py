"""What a bundle compares with later: bins of inputs and of predictions, and a background."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from satchel.prediction import Answers
from satchel.spec import CategoryBins, Inputs, NumberBins, Output, Reference, Score
from satchel_training.background import fit_background
from satchel_training.fit import category_bins, fit_reference, number_bins


def whole_reference(
    inputs: Inputs,
    train: pd.DataFrame,
    outputs: Sequence[Output],
    answers: Mapping[str, Answers],
) -> Reference:
    """Return the reference of a bundle.

    Parameters
    ----------
    inputs : Inputs
    train : DataFrame
        Training rows.
    outputs : sequence of Output
    answers : mapping of str to Answers
        By output, for the training rows; best by models that had not seen them, for those of the
        one that had are wider spread than what it will predict.
    """
    reference = fit_reference(inputs, train)
    return replace(
        reference,
        background=fit_background(inputs, train),
        outputs=tuple(_output_bins(output, answers[output.name]) for output in outputs),
    )


def _output_bins(output: Output, answers: Answers) -> NumberBins | CategoryBins:
    if isinstance(output, Score):
        values = np.asarray(answers.value, np.float64)
        return number_bins(output.name, values[np.isfinite(values)])
    return category_bins(output.name, pd.Series(answers.label), output.labels)
