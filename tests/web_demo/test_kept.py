import pytest

from satchel_web.kept import Kept


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def kept(clock):
    return Kept(100, 60, clock)


def test_a_value_is_found_under_its_name_alone(kept):
    name = kept.add("value", 10)
    assert kept.find(name) == "value"
    assert kept.find(name[:-1]) is None
    assert len(name) >= 43  # 256 bits


def test_a_value_goes_after_its_time_and_use_renews_it(kept, clock):
    name = kept.add("value", 10)
    clock.now = 50
    assert kept.find(name) == "value"
    clock.now = 110
    assert kept.find(name) == "value"
    clock.now = 171
    assert kept.find(name) is None


def test_the_one_used_least_lately_goes_first(kept):
    first, second = kept.add(1, 40), kept.add(2, 40)
    kept.find(first)
    third = kept.add(3, 40)
    assert [kept.find(name) for name in (first, second, third)] == [1, None, 3]


def test_what_is_too_large_is_refused_and_nothing_goes(kept):
    name = kept.add(1, 100)
    with pytest.raises(ValueError, match="more than"):
        kept.add(2, 101)
    assert kept.find(name) == 1


def test_a_value_may_grow_and_shrink(kept):
    name = kept.add(1, 90)
    kept.replace(name, 2, 10)
    other = kept.add(3, 90)
    assert (kept.find(name), kept.find(other)) == (2, 3)


def test_what_is_gone_does_not_come_back(kept):
    name = kept.add(1, 10)
    kept.forget(name)
    kept.replace(name, 2, 10)
    assert kept.find(name) is None
    kept.forget(name)


def test_what_has_expired_does_not_come_back(kept, clock):
    name = kept.add(1, 10)
    clock.now = 61
    kept.replace(name, 2, 10)
    assert kept.find(name) is None
