"""Shapley values: how much each field of a record moves the prediction.

A coalition is a set of fields that are known; its worth is the model's answer with these fields
as the record has them and all others as a background record has them, the mean over the
background (the interventional game of Janzing et al. 2020). The Shapley value of a field is the
mean, over all orders in which the fields may become known, of what it adds to the worth.

Orders are drawn at random (Castro et al. 2009), each together with its reverse: such antithetic
pairs leave less error (Mitchell et al. 2022). Every background record gets the same number of
pairs, so the values add up to the prediction minus the base value, whatever the draw. Of few
fields nothing is drawn: all coalitions are asked for, and no error is left.

References
----------
.. [1] Castro, Gómez, Tejada (2009), Polynomial calculation of the Shapley value based on
   sampling, Computers & Operations Research 36(5).
.. [2] Mitchell, Cooper, Frank, Holmes (2022), Sampling permutations for Shapley value
   estimation, JMLR 23(43).
.. [3] Janzing, Minorics, Blöbaum (2020), Feature relevance quantification in explainable AI:
   a causal problem, AISTATS.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from satchel.errors import BundleError
from satchel.insight.given import given, used
from satchel.insight.quantity import choose
from satchel.prediction import Floats, Origin
from satchel.spec import Category, Value

if TYPE_CHECKING:
    from satchel.insight.predicting import Predicting

LEAST_PAIRS = 2  # per background record: one shows no spread
ROWS_AT_ONCE = 16_384
ALL_ROWS = 4096  # as many are asked for rather than draw: 7 fields with 32 background records

# From which fields of each row are the record's own (rows, fields), and which background record
# gives the others (rows,), to the answers (rows,).
Worth = Callable[[NDArray[np.bool_], NDArray[np.intp]], Floats]


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one field of a record adds to the answer.

    Attributes
    ----------
    feature : str
        Name of the field.
    given : str, float or None
        Its value in the record; None where it was missing.
    contribution : float
        Shapley value, in the unit of the explanation.
    error : float
        Standard error of the contribution that the sampling leaves, in the same unit.
    """

    __module__ = "satchel"

    feature: str
    given: Value
    contribution: float
    error: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a model answers as it does for one record.

    Attributes
    ----------
    origin : Origin
        The model.
    output : str
        Name of the output that is explained.
    unit : str
        Unit of all numbers here: that of the score, or ``probability of LABEL``.
    value : float
        The answer before rounding.
    base : float
        The mean answer over the background records of the spec.
    features : tuple of Contribution
        The largest first; they add up to ``value - base``.
    samples : int
        Number of orders that were drawn; where all coalitions were asked for, of all orders.
    """

    __module__ = "satchel"

    origin: Origin
    output: str
    unit: str
    value: float
    base: float
    features: tuple[Contribution, ...]
    samples: int

    def as_dict(self) -> dict[str, Any]:
        """Return plain Python, ready for JSON."""
        plain = asdict(self)
        plain["features"] = list(plain["features"])
        return {**plain.pop("origin"), **plain}


def explain(
    predictor: Predicting,
    record: Mapping[str, object],
    output: str | None,
    samples: int,
    seed: int,
) -> Explanation:
    """Explain one record; see `satchel.Predictor.explain`."""
    spec = predictor.spec
    quantity = choose(spec, output, predictor.predict(record))
    if not spec.reference.background:
        raise BundleError(
            f"{predictor.name} has no background records to explain against; export it again "
            "with rows to invent them from"
        )
    features = spec.inputs.features
    values = [given(feature, record) for feature in features]
    own = [used(feature, value) for feature, value in zip(features, values, strict=True)]
    others: list[NDArray[Any]] = [
        np.array(
            [used(f, given(f, one)) for one in spec.reference.background],
            object if isinstance(f, Category) else np.float64,
        )
        for f in features
    ]

    def worth(inside: NDArray[np.bool_], background: NDArray[np.intp]) -> Floats:
        columns = {
            feature.name: np.where(
                inside[:, j], np.array(own[j], others[j].dtype), others[j][background]
            )
            for j, feature in enumerate(features)
        }
        return predictor.measure(columns, quantity)

    count = len(spec.reference.background)
    if 2 ** len(features) * count <= ALL_ROWS:
        value, base, means = all_coalitions(worth, len(features), count)
        errors = np.zeros(len(features))
        drawn = math.factorial(len(features))
    else:
        pairs = max(LEAST_PAIRS, -(-samples // (2 * count)))
        rng = np.random.default_rng(seed)
        value, bases, found = shapley(worth, len(features), count, pairs, rng)
        base, means = float(bases.mean()), found.mean(axis=(0, 1))
        # The background records are strata: the error is that of a mean of their means.
        errors = np.sqrt((found.var(axis=1, ddof=1) / pairs).sum(axis=0)) / count
        drawn = 2 * pairs * count
    contributions = [
        Contribution(f.name, values[j], float(means[j]), float(errors[j]))
        for j, f in enumerate(features)
    ]
    return Explanation(
        origin=predictor.origin,
        output=quantity.output.name,
        unit=quantity.unit,
        value=value,
        base=base,
        features=tuple(sorted(contributions, key=lambda c: -abs(c.contribution))),
        samples=drawn,
    )


def all_coalitions(worth: Worth, fields: int, background: int) -> tuple[float, float, Floats]:
    """Return the answer for the record, the base value, and the exact values, shape (fields,).

    Parameters are those of `shapley`; the answers of ``2 ** fields * background`` rows are needed.
    """
    codes = np.arange(2**fields)
    inside = (codes[:, np.newaxis] >> np.arange(fields) & 1).astype(bool)
    of = np.tile(np.arange(background), len(codes))
    answers = worth(np.repeat(inside, background, axis=0), of)
    worths = answers.reshape(len(codes), background).mean(axis=1)
    sizes = inside.sum(axis=1)
    # By how many of all orders a coalition of this size comes before a given field.
    shares = np.array([1 / (fields * math.comb(fields - 1, k)) for k in range(fields)])
    values = np.empty(fields)
    for j in range(fields):
        without = codes[~inside[:, j]]
        gains = worths[without | 1 << j] - worths[without]
        values[j] = (shares[sizes[without]] * gains).sum()
    return float(worths[-1]), float(worths[0]), values


def shapley(
    worth: Worth, fields: int, background: int, pairs: int, rng: np.random.Generator
) -> tuple[float, Floats, Floats]:
    """Draw antithetic pairs of orders, and return what each field adds in each of them.

    Parameters
    ----------
    worth : callable
        Answers for rows that are partly the record's, partly a background record's.
    fields, background : int
        Number of fields, and of background records.
    pairs : int
        Pairs of orders per background record.
    rng : Generator

    Returns
    -------
    value : float
        The answer for the record.
    bases : ndarray, shape (background,)
        The answers for the background records.
    contributions : ndarray, shape (background, pairs, fields)
        Each the mean of an order and its reverse.
    """
    ends = np.zeros((background + 1, fields), bool)
    ends[-1] = True
    answers = worth(ends, np.append(np.arange(background), 0))
    value, bases = float(answers[-1]), answers[:-1]
    of = np.repeat(np.arange(background), pairs)
    # Place of each field in each order; in the reverse it is counted from the end.
    places = np.argsort(rng.random((len(of), fields)), axis=1)
    at_once = max(1, ROWS_AT_ONCE // (2 * fields))
    found = [
        _pairs(worth, value, bases, places[i : i + at_once], of[i : i + at_once])
        for i in range(0, len(of), at_once)
    ]
    return value, bases, np.concatenate(found).reshape(background, pairs, fields)


def _pairs(
    worth: Worth, value: float, bases: Floats, places: NDArray[np.intp], of: NDArray[np.intp]
) -> Floats:
    """Return what each field adds, the mean of an order and its reverse, (pairs, fields)."""
    count, fields = places.shape
    sizes = np.arange(1, fields)
    orders = (places, fields - 1 - places)
    # (2, pairs, sizes, fields): the first fields of each order, one more at each step.
    inside = np.stack([order[:, np.newaxis, :] < sizes[:, np.newaxis] for order in orders])
    rows = np.broadcast_to(of[:, np.newaxis], (2, count, fields - 1))
    between = worth(inside.reshape(-1, fields), rows.reshape(-1)).reshape(2, count, fields - 1)
    total = np.zeros((count, fields))
    for order, inner in zip(orders, between, strict=True):
        path = np.column_stack([bases[of], inner, np.full(count, value)])
        total += np.take_along_axis(np.diff(path, axis=1), order, axis=1)
    return total / 2
