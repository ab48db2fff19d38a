"""What a model promises is tried before it is written."""

import numpy as np
import pytest

from satchel.prediction import Answers
from satchel.spec import Category, Distribution, Number
from satchel_export.sweep import DirectionError, sweep, values_of

OUTPUT = Distribution(name="score", label="Score", scores=(0.0, 1.0, 2.0), whole=True)


class Fake:
    """A predictor whose probabilities are a function of its columns."""

    def __init__(self, reach, *features):
        from types import SimpleNamespace

        self.name = "task.model"
        self.spec = SimpleNamespace(outputs=(OUTPUT,), inputs=SimpleNamespace(features=features))
        self._reach = reach

    def predict_many(self, columns):
        from types import SimpleNamespace

        reach = self._reach(columns)
        return SimpleNamespace(outputs={"score": Answers(reach=np.stack([reach, reach / 2], 1))})


MARK = Number(name="mark", label="Mark", integer=True, limits=(0, 4), monotonic="increasing")
ROWS = {"mark": np.array([1.0, 3.0]), "age": np.array([10.0, 12.0])}


def test_a_promise_that_holds_is_told_with_how_many_answers():
    (found,) = sweep(Fake(lambda columns: columns["mark"] / 9, MARK), ROWS)
    assert (found.feature, found.answers) == ("mark", 8)
    assert found.worst <= 0


def test_a_promise_that_one_record_breaks_is_refused():
    def reach(columns):
        return columns["mark"] / 9 - 0.3 * ((columns["mark"] == 2) & (columns["age"] == 12))

    with pytest.raises(DirectionError, match=r"mark = 2\.0 gives record 1 a worse answer by 0\.1"):
        sweep(Fake(reach, MARK), ROWS)


def test_what_rounding_explains_is_no_breach():
    (found,) = sweep(Fake(lambda c: 0.5 - 1e-8 * (c["mark"] == 2), MARK), ROWS)
    assert 0 < found.worst < 1e-7


def test_falling_fields_and_categories_go_through_their_values_too():
    effort = Category(
        name="effort",
        label="Effort",
        values=("low", "high"),
        ordered=True,
        monotonic="decreasing",
    )
    rows = {"effort": np.array(["low"], object)}
    falling = Fake(lambda c: 0.9 - 0.5 * (c["effort"] == "high"), effort)
    assert sweep(falling, rows)[0].answers == 1
    with pytest.raises(DirectionError):
        sweep(Fake(lambda c: 0.4 + 0.5 * (c["effort"] == "high"), effort), rows)


def test_a_number_goes_through_its_limits_or_what_was_seen_and_a_little_more():
    assert values_of(MARK) == [0, 1, 2, 3, 4]
    free = values_of(Number(name="x", label="X", seen=(0, 10)))
    assert (free[0], free[-1], len(free)) == (-2.5, 12.5, 25)
