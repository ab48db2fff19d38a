import re

import pytest

from satchel import DataError, SatchelError
from satchel_training.own.declared import read_declared

TEXT = """
missing = ["EX"]

[task]
name = "year-9"
target = "Final"
kind = "score"
limits = [0, 20]
pass-at = 10
naive = "Test 1"
group = "Class"

[fields."Test 1"]
kind = "number"
limits = [0, inf]
direction = "increasing"
needed = true

[fields.Club]
kind = "category"
values = ["chess", "none"]
sensitive = true

[left-out]
Student = "it names the student"
"""


def test_a_declaration_is_read_and_written_again():
    found = read_declared(TEXT, "own.toml")
    assert (found.name, found.pass_at, found.group) == ("year-9", 10, "Class")
    assert found.fields[0].limits == (0.0, None)
    assert found.directions == {"Test 1": "increasing"}
    assert found.needed == ("Test 1",)
    assert found.mapping.missing == ("EX",)
    assert read_declared(found.to_toml(), "own.toml") == found


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("[task]", "[tusk]", "unknown key 'tusk'"),
        ('target = "Final"', "", "[task] needs target, a text"),
        ('kind = "score"', 'kind = "mark"', "kind in [task] must be one of score, outcome, levels"),
        ('kind = "score"', 'kind = "outcome"', "name its two labels"),
        ("limits = [0, 20]", "limits = [20, 0]", "limits in [task] must be two numbers"),
        ("pass-at = 10", 'pass-at = "ten"', "pass-at in [task] must be a number"),
        ('naive = "Test 1"', "naive = 1", "naive in [task] must name a column"),
        ('name = "year-9"', 'name = "Year 9"', "use small letters, digits and single hyphens"),
        ('direction = "increasing"', 'direction = "up"', "must be increasing or decreasing"),
        ("needed = true", "needed = 1", "needed in [fields.Test 1] must be true or false"),
        ('["chess", "none"]', '["chess"]', "at least two different texts"),
        ("sensitive = true", "limits = [0, 1]", "unknown key 'limits' in [fields.Club]"),
        ('missing = ["EX"]', "missing = 3", "missing must be a list of texts"),
        ("[left-out]", "[left-out", "is not TOML"),
    ],
)
def test_what_a_declaration_cannot_have_is_refused_with_its_place(old, new, why):
    assert old in TEXT
    with pytest.raises(SatchelError, match=re.escape(why)) as no:
        read_declared(TEXT.replace(old, new, 1), "own.toml")
    assert isinstance(no.value, DataError) or "missing" in why
    assert "own.toml" in str(no.value) or "Year 9" in str(no.value) or "labels" in why
