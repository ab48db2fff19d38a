import datetime
import json
import math
import pickle
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from satchel import RecordError
from satchel.encode.encoder import Encoder
from satchel.spec import Category, Derived, Inputs, MinMax, Number, OneHot, Ordinal, Standard


def encoder(*features, derived=(), columns=None, ignored=()):
    if columns is None:
        columns = tuple(
            Standard(source=f.name, mean=0.0, scale=1.0)
            if isinstance(f, Number)
            else OneHot(source=f.name, value=f.values[0])
            for f in features
        )
    return Encoder(Inputs(features=features, derived=derived, columns=columns, ignored=ignored))


def number(name="x", **rules):
    return Number(name=name, label=name, **rules)


def category(name="c", values=("red", "green"), **rules):
    return Category(name=name, label=name, values=values, **rules)


def row(one, record):
    return np.frombuffer(one.encode(record)[0], np.float32).tolist()


def notes(one, record):
    return [(note.kind, note.field, note.message) for note in one.encode(record)[1]]


def problems(one, record):
    """Return the problems of a record, having seen that both ways find the same."""
    with pytest.raises(RecordError) as caught:
        one.encode(record)
    assert one.encode_many([record]).problems == {0: list(caught.value.problems)}
    return [(problem.field, problem.message) for problem in caught.value.problems]


def kind_of(value):
    return type(value).__name__


def problem(one, record):
    (found,) = problems(one, record)
    return found[1]


# ---- present, blank, absent ------------------------------------------------------------------


def test_a_required_field_must_be_there():
    assert problem(encoder(number(imputed=1.0)), {}) == "x is required and was not given"


def test_an_optional_field_may_be_absent_and_is_imputed_with_a_note():
    one = encoder(number(imputed=1.5, required=False))
    assert row(one, {}) == [1.5]
    assert notes(one, {}) == [("imputed", "x", "x was not given; 1.5 was used in its place")]


@pytest.mark.parametrize("blank", [None, math.nan, np.nan, np.float32("nan"), "", " \t\n"])
def test_a_blank_value_is_imputed(blank):
    one = encoder(number(imputed=11.0), category(imputed="green"))
    assert row(one, {"x": blank, "c": blank}) == [11.0, 0.0]
    assert notes(one, {"x": blank, "c": blank}) == [
        ("imputed", "x", "x was not given; 11 was used in its place"),
        ("imputed", "c", "c was not given; green was used in its place"),
    ]


def test_pandas_markers_of_missing_values_are_blank():
    pd = pytest.importorskip("pandas", reason="pip install '.[train]'")
    one = encoder(number(imputed=1.0), category(imputed="red"))
    assert row(one, {"x": pd.NA, "c": pd.NaT}) == [1.0, 1.0]
    assert row(one, {"x": pd.NaT, "c": pd.NA}) == [1.0, 1.0]


def test_a_blank_value_without_an_imputed_one_is_refused():
    one = encoder(number(limits=(0.0, 20.0)), category())
    assert problems(one, {"x": None, "c": ""}) == [
        ("x", "x is blank; give a number from 0 to 20"),
        ("c", "c is blank; allowed: 'red', 'green'"),
    ]


def test_an_imputed_zero_is_used():
    assert row(encoder(number(imputed=0.0)), {"x": None}) == [0.0]


# ---- numbers ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value", [7, 7.0, "7", " 7 ", "+7", "7.", "7.0e0", "0.7E1", Decimal("7"), Fraction(14, 2)]
)
def test_a_number_may_be_spelled_in_many_ways(value):
    assert row(encoder(number(integer=True)), {"x": value}) == [7.0]


@pytest.mark.parametrize("kind", [np.int8, np.uint64, np.float16, np.float32, np.longdouble])
def test_a_number_may_be_of_any_numpy_type(kind):
    assert row(encoder(number(integer=True)), {"x": kind(7)}) == [7.0]


NO_NUMBERS = [
    *("seven", "1,5", "1 2", "0x10", "1_000", "nan", "inf", "--1", "e5", ".", "7\0"),
    *("\ud800", True, False, np.True_, [], {}, [7], {"a": {"b": [1]}}, (7,), b"7", 1j, object()),
    *(np.array([1.0]), np.array([1, 2]), Decimal("NaN")),
]


@pytest.mark.parametrize("value", NO_NUMBERS, ids=kind_of)
def test_what_is_no_number_is_refused(value):
    message = problem(encoder(number()), {"x": value})
    assert message.startswith("x = ")
    assert message.endswith(" is not a number; give a number")


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (datetime.datetime(2025, 12, 10), "2025-12-10 is a date (Excel may have made it of 12/10)"),
        (datetime.date(1950, 12, 1), "1950-12-01 is a date (Excel may have made it of 12/50)"),
        (datetime.date(2025, 5, 1), "2025-05-01 is a date (Excel may have made it of 5/1)"),
        (np.datetime64("2025-12-10T08:30", "ns"), "2025-12-10 08:30:00 is a date (Excel may"),
        ("2025-12-10", "'2025-12-10' is a date (Excel may have made it of 12/10)"),
        ("2025-13-10", "'2025-13-10' is not a number"),
        (datetime.time(6, 30), "06:30:00 is a time"),
        (datetime.timedelta(hours=30), "1 day, 6:00:00 is not a number"),
        ("#DIV/0!", "'#DIV/0!' is an error of a formula in the spreadsheet"),
        (["é", {"a": 1}], '["é", {"a": 1}] is not a number'),
        ("#NAME?", "'#NAME?' is an error of a formula in the spreadsheet"),
    ],
    ids=str,
)
def test_what_a_spreadsheet_made_of_a_number_is_told(value, told):
    message = problem(encoder(number()), {"x": value})
    assert message.startswith(f"x = {told}")
    assert message.endswith("; give a number")


@pytest.mark.parametrize("value", [datetime.date(2026, 2, 5), np.datetime64("2026-02-05")])
def test_a_date_is_no_category(value):
    message = problem(encoder(category()), {"c": value})
    assert message.startswith("c = 2026-02-05 is a date (Excel may have made it of 2/5); allowed:")


@pytest.mark.parametrize(
    ("value", "text"),
    [(Decimal("1.5"), "1.5"), (np.float64(2.5), "2.5"), (np.int8(-1), "-1"), (-1.0, "-1")],
    ids=kind_of,
)
def test_a_message_shows_a_number_as_people_write_it(value, text):
    message = problem(encoder(number(integer=True, limits=(0.0, 2.0))), {"x": value})
    assert message.startswith(f"x = {text} is ")


@pytest.mark.parametrize(
    ("value", "known"),
    [
        (12.999999999999998, 13.0),
        ("3.0000000000000004", 3.0),
        (12.9999999999, 13.0),
        (20.000000000000004, 20.0),
        (-5.5e-17, 0.0),
        (np.float64(2.9999999999999996), 3.0),
    ],
    ids=str,
)
def test_the_noise_of_a_computed_number_is_no_part_of_it(value, known):
    one = encoder(number(integer=True, limits=(0.0, 20.0), seen=(4.0, 12.0)))
    assert row(one, {"x": value}) == [known]
    assert one.encode_many({"x": [value, 4]}).matrix[:, 0].tolist() == [known, 4.0]
    assert "not a whole number" in problem(one, {"x": 12.999999})


def test_a_number_that_is_no_noise_keeps_all_its_digits_both_ways():
    columns = (Standard(source="x", mean=6.123456789, scale=1e-9),)
    one = encoder(number(), number("y", seen=(0.0, 1.0)), columns=columns)
    record = {"x": 6.1234567891234, "y": 5}
    assert row(one, record) == one.encode_many([record]).matrix[0].tolist()
    assert row(one, record)[0] == pytest.approx(0.1234, abs=1e-3)


def test_noise_beyond_what_was_seen_in_training_is_not_told():
    one = encoder(number(seen=(1.0, 30.0)))
    assert one.encode({"x": 30.000000000000004})[1] == ()
    assert "is outside" in str(one.encode({"x": 30.0001})[1][0])


@pytest.mark.parametrize(
    "value", [math.inf, -math.inf, np.inf, "1e999", 10**400, -(10**400), "9" * 400], ids=kind_of
)
def test_an_infinite_number_is_too_large(value):
    message = problem(encoder(number()), {"x": value})
    assert message.endswith(" is too large; give a number")
    assert len(message) < 120


@pytest.mark.parametrize("value", [Fraction(10**400, 3), Decimal("1e999")])
def test_an_exact_number_beyond_float64_is_too_large(value):
    assert "is too large" in problem(encoder(number()), {"x": value})


def test_an_integer_that_python_refuses_to_print_is_too_large():
    assert problem(encoder(number()), {"x": 10**5000}).startswith("x = a int is too large")


@pytest.mark.parametrize("unit", ["D", "ns"])
def test_a_span_of_time_is_no_number(unit):
    assert "is not a number" in problem(encoder(number()), {"x": np.timedelta64(5, unit)})


@pytest.mark.parametrize("unit", ["D", "ns"])
def test_a_span_of_time_is_no_category(unit):
    assert "is no category" in problem(encoder(category()), {"c": np.timedelta64(5, unit)})


def test_a_separator_that_float_does_not_strip_gives_an_ordinary_answer():
    one = encoder(number())
    try:
        assert row(one, {"x": "\x1c5"}) == [5.0]
    except RecordError as error:
        assert str(error) == "x = '\\x1c5' is not a number; give a number"  # noqa: PT017


def test_a_number_beyond_float32_is_refused_by_the_name_of_its_source():
    one = encoder(number("small"), number("large"))
    record = {"small": 1, "large": 1e39}
    assert problem(one, record) == "large is too large for this model"


def test_a_column_that_overflows_float64_is_refused():
    columns = (Standard(source="x", mean=-1e308, scale=1e-300),)
    one = encoder(number(), columns=columns)
    assert problem(one, {"x": 1e308}) == "x is too large for this model"


def test_the_largest_float32_still_fits():
    largest = float(np.finfo(np.float32).max)
    assert row(encoder(number()), {"x": largest}) == [largest]


@pytest.mark.parametrize("value", [0, 20, "0", 20.0])
def test_limits_belong_to_what_is_allowed(value):
    assert row(encoder(number(limits=(0.0, 20.0))), {"x": value}) == [float(value)]


@pytest.mark.parametrize(
    ("limits", "allowed"),
    [
        ((0.0, 20.0), "give a number from 0 to 20"),
        ((0.5, None), "give a number of at least 0.5"),
        ((None, -30.0), "give a number of at most -30"),
    ],
)
def test_a_number_beyond_its_limits_is_refused_with_what_is_allowed(limits, allowed):
    value = -1.0 if limits[1] is None else 20.5
    message = problem(encoder(number(limits=limits)), {"x": value})
    assert message == f"x = {value:g} is out of bounds; {allowed}"


def test_a_fraction_is_refused_where_whole_numbers_are_asked_for():
    one = encoder(number(integer=True, limits=(0.0, 20.0)))
    message = problem(one, {"x": "7.5"})
    assert message == "x = '7.5' is not a whole number; give a whole number from 0 to 20"


def test_a_number_is_clipped_with_a_note():
    one = encoder(number(clip=(0.5, 40.0)))
    assert row(one, {"x": 41}) == [40.0]
    assert row(one, {"x": 0}) == [0.5]
    assert notes(one, {"x": 41}) == [("clipped", "x", "x = 41 was brought to 40")]
    assert notes(one, {"x": 0.5}) == []


def test_a_number_outside_the_range_seen_is_kept_with_a_note():
    one = encoder(number(seen=(2.0, 17.0)))
    assert row(one, {"x": 18}) == [18.0]
    message = "x = 18 is outside the range seen in training (2 to 17)"
    assert notes(one, {"x": 18}) == [("outside", "x", message)]
    assert notes(one, {"x": 17}) == []


def test_a_clipped_number_gets_one_note_only():
    one = encoder(number(clip=(0.0, 40.0), seen=(1.0, 30.0)))
    assert [kind for kind, *_ in notes(one, {"x": 50})] == ["clipped"]


# ---- categories ------------------------------------------------------------------------------


@pytest.mark.parametrize("value", ["green", " green ", np.str_("green")])
def test_a_category_is_read_from_text(value):
    assert row(encoder(category()), {"c": value}) == [0.0]


@pytest.mark.parametrize("value", [2, 2.0, np.int64(2), np.float32(2), "2", Fraction(2)])
def test_a_category_may_be_a_number(value):
    assert row(encoder(category(values=("2", "2.5"))), {"c": value}) == [1.0]
    assert row(encoder(category(values=("2", "2.5"))), {"c": 2.5}) == [0.0]


@pytest.mark.parametrize("value", [True, np.True_, "True"])
def test_a_category_may_be_a_truth_value(value):
    assert row(encoder(category(values=("True", "False"))), {"c": value}) == [1.0]


def test_an_unknown_category_is_refused_with_the_nearest_spelling():
    message = problem(encoder(category()), {"c": "gren"})
    assert message == (
        "c = 'gren' is not one of its values (did you mean 'green'?); allowed: 'red', 'green'"
    )


def test_a_category_is_told_apart_by_case():
    assert "did you mean 'green'" in problem(encoder(category()), {"c": "Green"})


def test_a_long_list_of_categories_is_cut():
    one = encoder(category(values=tuple(f"v{i}" for i in range(1000))))
    message = problem(one, {"c": "?"})
    assert message.endswith("'v11' and 988 more")
    assert len(message) < 200


@pytest.mark.parametrize(
    "value",
    [[], {}, {"a": [[1]]}, b"red", object(), math.inf, 1j, {"red"}, Decimal(1)],
    ids=kind_of,
)
def test_what_is_no_category_is_refused(value):
    assert "is no category" in problem(encoder(category()), {"c": value})


@pytest.mark.parametrize(
    "value", ["red\0", "\ud800", "🟥" * 10**5, 10**400, 1e300, -0.5], ids=kind_of
)
def test_strange_text_and_numbers_are_no_known_category(value):
    message = problem(encoder(category()), {"c": value})
    assert "is not one of its values" in message
    assert len(message) < 160
    message.encode()


@pytest.mark.parametrize("value", [10**5000, Fraction(10**400, 3), Fraction(1, 3)], ids=kind_of)
def test_an_enormous_or_exact_number_is_no_known_category(value):
    message = problem(encoder(category()), {"c": value})
    assert "is not one of its values" in message or "is no category" in message


# ---- names -----------------------------------------------------------------------------------


def test_an_unknown_field_is_refused_with_the_nearest_spelling():
    one = encoder(number("Attendance"))
    assert problem(one, {"Attendance": 1, "Atendance": 1}) == (
        "'Atendance' is no field of this model; did you mean 'Attendance'?"
    )
    assert problem(one, {"Attendance": 1, "?": 1}) == "'?' is no field of this model"


def test_a_field_of_the_task_that_is_not_used_is_ignored_with_a_note():
    one = encoder(number(), ignored=("teacher",))
    record = {"teacher": object(), "x": 3}
    assert row(one, record) == [3.0]
    assert notes(one, record) == [("ignored", "teacher", "teacher is not used by this model")]


@pytest.mark.parametrize(
    "name", [1, None, (1, 2), 1.5, "", "\ud800", "a\0b", b"x", "n" * 10**6], ids=kind_of
)
def test_a_name_of_any_kind_is_refused_shortly(name):
    message = problem(encoder(number()), {"x": 1, name: 1})
    assert message.endswith(" is no field of this model")
    assert len(message) < 100
    message.encode()


def test_a_name_that_python_refuses_to_print_is_refused():
    assert "is no field" in problem(encoder(number()), {"x": 1, 10**5000: 1})


def test_ten_thousand_unknown_fields_give_a_short_message():
    one = encoder(number())
    record = {"x": 1} | {f"field {i}": i for i in range(10_000)}
    with pytest.raises(RecordError) as caught:
        one.encode(record)
    assert len(caught.value.problems) == 21
    assert caught.value.problems[-1].message == "9980 more are no fields of this model"
    assert len(str(caught.value)) < 2000


def test_all_problems_come_at_once_names_first():
    one = encoder(number("a"), number("b"), category())
    assert [field for field, _ in problems(one, {"b": "?", "c": "?", "z": 1})] == list("zabc")


@pytest.mark.parametrize("record", [None, 1, "x", [("x", 1)], {"x"}, np.zeros(1)])
def test_what_is_no_record_is_refused(record):
    assert "a record maps field names to values; got" in problem(encoder(number()), record)


def test_a_record_error_survives_pickling_and_json():
    with pytest.raises(RecordError) as caught:
        encoder(number()).encode({"x": "\ud800"})
    again = pickle.loads(pickle.dumps(caught.value))
    assert again.problems == caught.value.problems
    assert str(again) == str(caught.value)
    assert json.loads(json.dumps(again.as_dict()))["problems"][0]["field"] == "x"


# ---- columns ---------------------------------------------------------------------------------


def test_columns_of_all_kinds():
    one = encoder(
        number(),
        category(values=("low", "mid", "high"), ordered=True),
        columns=(
            Standard(source="x", mean=10.0, scale=4.0),
            MinMax(source="x", minimum=2.0, maximum=10.0),
            Ordinal(source="c", mean=1.0, scale=0.5),
            Ordinal(source="c"),
            OneHot(source="c", value="low"),
            OneHot(source="c", value="high"),
        ),
    )
    assert one.width == 6
    assert row(one, {"x": 4, "c": "high"}) == [-1.5, 0.25, 2.0, 2.0, 0.0, 1.0]


def test_a_column_is_computed_in_float64_and_cast_once():
    columns = (Standard(source="x", mean=16777216.0, scale=3.0),)
    expected = np.float32((16777217.0 - 16777216.0) / 3.0)
    assert row(encoder(number(), columns=columns), {"x": 16777217}) == [expected]


def derived_row(operation, record, **parameters):
    names = tuple(record)
    made = Derived(name="d", operation=operation, inputs=names, **parameters)
    columns = (Standard(source="d", mean=0.0, scale=1.0),)
    return row(encoder(*map(number, names), derived=(made,), columns=columns), record)


def test_derived_numbers():
    abc = {"a": 1.0, "b": 2.0, "c": 6.0}
    assert derived_row("sum", abc) == [9.0]
    assert derived_row("mean", abc) == [3.0]
    assert derived_row("std", abc) == [np.float32(np.std([1, 2, 6]))]
    assert derived_row("std", abc, ddof=1) == [np.float32(np.std([1, 2, 6], ddof=1))]
    assert derived_row("weighted_sum", abc, weights=(2.0, -1.0, 0.5)) == [3.0]
    assert derived_row("ratio", {"a": 6.0, "b": 1.0}, offset=2.0) == [2.0]


def test_a_derived_number_uses_clipped_and_imputed_values():
    total = Derived(name="d", operation="sum", inputs=("a", "b"))
    one = encoder(
        number("a", clip=(0.0, 10.0)),
        number("b", imputed=5.0),
        derived=(total,),
        columns=(Standard(source="d", mean=0.0, scale=1.0),),
    )
    assert row(one, {"a": 99, "b": None}) == [15.0]


def test_a_derived_number_uses_earlier_ones():
    one = encoder(
        number("a"),
        derived=(
            Derived(name="double", operation="weighted_sum", inputs=("a",), weights=(2.0,)),
            Derived(name="ratio", operation="ratio", inputs=("a", "double")),
        ),
        columns=(Standard(source="ratio", mean=0.0, scale=1.0),),
    )
    assert row(one, {"a": 7}) == [0.5]


@pytest.mark.parametrize(
    ("operation", "a", "b"),
    [("ratio", 1.0, 0.0), ("ratio", 0.0, 0.0), ("sum", 1e308, 1e308), ("std", 1e308, -1e308)],
)
def test_what_cannot_be_derived_is_refused(operation, a, b):
    made = Derived(name="d", operation=operation, inputs=("a", "b"))
    columns = (Standard(source="d", mean=0.0, scale=1.0),)
    one = encoder(number("a"), number("b"), derived=(made,), columns=columns)
    assert problems(one, {"a": a, "b": b}) == [("d", "d cannot be computed from a, b")]


def test_the_first_derived_number_that_fails_is_named():
    one = encoder(
        number("a"),
        derived=(
            Derived(name="first", operation="ratio", inputs=("a", "a")),
            Derived(name="second", operation="sum", inputs=("first",)),
        ),
        columns=(Standard(source="second", mean=0.0, scale=1.0),),
    )
    assert problem(one, {"a": 0}) == "first cannot be computed from a, a"


# ---- many ------------------------------------------------------------------------------------


def test_a_bad_row_keeps_its_place_and_is_all_zero():
    encoded = encoder(number()).encode_many([{"x": 1}, {"x": "?"}, None, {}, {"x": 5}])
    assert encoded.matrix.tolist() == [[1.0], [0.0], [0.0], [0.0], [5.0]]
    assert sorted(encoded.problems) == [1, 2, 3]


def test_what_is_no_record_is_all_zero_even_where_every_field_is_optional():
    encoded = encoder(number(imputed=7.0, required=False)).encode_many([{}, None])
    assert encoded.matrix.tolist() == [[7.0], [0.0]]
    assert list(encoded.problems) == [1]


def test_no_rows_give_an_empty_matrix():
    one = encoder(number(), category())
    assert one.encode_many([]).matrix.shape == (0, 2)
    assert one.encode_many({"x": [], "c": []}).matrix.shape == (0, 2)


def test_absent_optional_columns_are_imputed_for_every_row():
    one = encoder(number("x"), number("y", imputed=2.0, required=False))
    encoded = one.encode_many({"x": [1, 3]})
    assert encoded.matrix.tolist() == [[1.0, 2.0], [3.0, 2.0]]
    assert [[n.kind for n in encoded.notes[i]] for i in range(2)] == [["imputed"], ["imputed"]]


def test_ignored_columns_are_noted_for_every_row():
    one = encoder(number(), ignored=("teacher",))
    encoded = one.encode_many({"x": [1, 2], "teacher": ["a", "b"]})
    assert [[n.field for n in encoded.notes[i]] for i in range(2)] == [["teacher"], ["teacher"]]


def test_columns_that_are_wrong_as_a_whole_are_refused():
    one = encoder(number("x"), number("y"))
    cases = [
        ({"x": [1], "y": [1], "z": [1]}, "'z' is no field"),
        ({"x": [1]}, "y is required"),
        ({"x": [1], "y": [1, 2]}, "differ in length"),
        ({"x": [1], "y": np.zeros((1, 1))}, "y is no column"),
        ({"x": [1], "y": 1}, "y is no column"),
        ({"x": [1], "y": "1"}, "y is no column"),
    ]
    for columns, message in cases:
        with pytest.raises(RecordError, match=message):
            one.encode_many(columns)


def test_a_masked_value_of_an_array_is_missing():
    column = np.ma.array([1.0, 2.0], mask=[False, True])
    encoded = encoder(number(imputed=9.0)).encode_many({"x": column})
    assert encoded.matrix.tolist() == [[1.0], [9.0]]


def test_masked_values_without_an_imputed_one_are_refused_where_they_stand():
    column = np.ma.array([1.0, 2.0], mask=[False, True])
    assert list(encoder(number()).encode_many({"x": column}).problems) == [1]
