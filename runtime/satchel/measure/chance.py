"""How likely chance alone is: the tails of two distributions, and many tests at once."""

from __future__ import annotations

import math
from collections.abc import Sequence

TINY = 1e-300
PRECISION = 1e-15
MOST_TERMS = 100_000


def chi_square_tail(statistic: float, freedom: int) -> float:
    """Return the probability that a chi-square variable is larger than `statistic`.

    Parameters
    ----------
    statistic : float
    freedom : int
        Degrees of freedom; without any, nothing can vary, and the answer is 1.
    """
    if freedom < 1 or statistic < TINY:
        return 1.0
    return upper_gamma(freedom / 2, statistic / 2)


def upper_gamma(a: float, x: float) -> float:
    """Return the regularised upper incomplete gamma function, for `a` and `x` above 0.

    By the power series of its complement below ``a + 1``, else by Legendre's continued fraction
    in Lentz's form (Press et al., Numerical Recipes, section 6.2).
    """
    factor = math.exp(a * math.log(x) - x - math.lgamma(a))
    if x < a + 1:
        term = total = 1 / a
        for n in range(1, MOST_TERMS):
            term *= x / (a + n)
            total += term
            if term < total * PRECISION:
                break
        return max(0.0, 1 - factor * total)
    b = x + 1 - a
    c, d = 1 / TINY, 1 / b
    fraction = d
    for n in range(1, MOST_TERMS):
        step = n * (a - n)
        b += 2
        d = 1 / (_nonzero(step * d + b))
        c = _nonzero(b + step / c)
        fraction *= c * d
        if abs(c * d - 1) < PRECISION:
            break
    return min(1.0, factor * fraction)


def _nonzero(number: float) -> float:
    return number if abs(number) > TINY else TINY


def kolmogorov_tail(statistic: float) -> float:
    """Return the probability that Kolmogorov's variable is larger than `statistic`.

    It is the limit of ``sqrt(n m / (n + m)) D`` for samples of `n` and `m` values and the largest
    difference `D` between their distribution functions (Kolmogorov 1933, Smirnov 1939).
    """
    if statistic < 0.1:  # the answer is 1 but for 1e-52
        return 1.0
    if statistic < 1:  # here the series below takes many terms, this one few
        terms = (
            math.exp(-((2 * k - 1) ** 2) * math.pi**2 / (8 * statistic**2)) for k in range(1, 20)
        )
        return 1 - math.sqrt(2 * math.pi) / statistic * math.fsum(terms)
    signed = ((-1) ** (k - 1) * math.exp(-2 * (k * statistic) ** 2) for k in range(1, 20))
    return min(1.0, 2 * math.fsum(signed))


def holm(p: Sequence[float]) -> list[float]:
    """Return p-values that hold for all tests at once (Holm 1979), in the order given."""
    adjusted = [0.0] * len(p)
    floor = 0.0
    for rank, i in enumerate(sorted(range(len(p)), key=p.__getitem__)):
        floor = max(floor, min(1.0, (len(p) - rank) * p[i]))
        adjusted[i] = floor
    return adjusted
