import numpy as np
import pytest

from satchel.measure.chance import chi_square_tail, holm, kolmogorov_tail, upper_gamma


@pytest.mark.parametrize("freedom", [1, 2, 3, 7, 30, 200])
def test_the_chi_square_tail_is_that_of_scipy(freedom):
    stats = pytest.importorskip("scipy.stats", reason="pip install '.[train]'")
    for statistic in [1e-9, 0.01, 0.5, 1, 2, 3.84, 10, 30, 31, 32, 100, 201, 500, 1200]:
        expected = stats.chi2.sf(statistic, freedom)
        assert chi_square_tail(statistic, freedom) == pytest.approx(expected, rel=1e-9, abs=1e-13)


def test_far_tails_keep_their_digits():
    stats = pytest.importorskip("scipy.stats", reason="pip install '.[train]'")
    assert chi_square_tail(700, 3) == pytest.approx(stats.chi2.sf(700, 3), rel=1e-9)
    assert chi_square_tail(1e6, 3) == 0.0
    assert upper_gamma(1, 20) == pytest.approx(np.exp(-20), rel=1e-12)


def test_without_freedom_or_difference_all_is_chance():
    assert chi_square_tail(5.0, 0) == 1.0
    assert chi_square_tail(0.0, 3) == 1.0
    assert kolmogorov_tail(0.0) == 1.0
    # Of these the half and the square are 0.
    assert chi_square_tail(5e-324, 3) == 1.0
    assert kolmogorov_tail(1e-200) == 1.0


def test_the_kolmogorov_tail_is_that_of_scipy():
    stats = pytest.importorskip("scipy.stats", reason="pip install '.[train]'")
    for statistic in [0.02, 0.1, 0.3, 0.5, 0.8, 0.99, 1.0, 1.01, 1.36, 1.63, 2, 3, 5, 10]:
        expected = stats.kstwobign.sf(statistic)
        assert kolmogorov_tail(statistic) == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_holm_multiplies_the_smallest_most_and_keeps_the_order():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.5, 0.9]) == [1.0, 1.0]
    assert holm([]) == []


def test_holm_is_what_statistics_books_reject():
    rng = np.random.default_rng(0)
    for _ in range(50):
        p = rng.random(6) ** 3
        order = np.argsort(p)
        stepped = np.zeros(6, bool)
        for rank, i in enumerate(order):
            if p[i] > 0.05 / (6 - rank):
                break
            stepped[i] = True
        assert [value <= 0.05 for value in holm(p.tolist())] == stepped.tolist()
