import dataclasses

import numpy as np
import pandas as pd
import pytest

from satchel import DataError
from satchel.spec import Number
from satchel_training.datasets.dataset import by_hand, digest_cells
from satchel_training.datasets.source import Generated
from satchel_training.datasets.uci import MATHEMATICS, PORTUGUESE


@pytest.fixture
def rows():
    """Rows as text, the way a file holds them."""
    frame = MATHEMATICS.generate(10, 3)
    numbers = [field.name for field in MATHEMATICS.fields if isinstance(field, Number)]
    return frame.astype(dict.fromkeys(numbers, int)).astype(str).astype(object)


@pytest.fixture
def refusal(rows, write_csv):
    """Change one cell of the third row, and return how the file is refused and its path."""

    def refuse(**cells):
        for name, value in cells.items():
            rows.loc[2, name] = value
        path = write_csv(rows)
        with pytest.raises(DataError) as caught:
            MATHEMATICS.read(path)
        return str(caught.value), str(path)

    return refuse


# ---- a good file -----------------------------------------------------------------------------


def test_numbers_are_read_as_float64_and_categories_as_text(rows, write_csv):
    read = MATHEMATICS.read(write_csv(rows))
    for field in MATHEMATICS.fields:
        if isinstance(field, Number):
            assert read[field.name].dtype == np.float64
        else:
            assert all(type(value) is str for value in read[field.name])


def test_values_are_those_of_the_file(rows, write_csv):
    read = MATHEMATICS.read(write_csv(rows))
    assert read["school"].tolist() == rows["school"].tolist()
    assert read["G1"].tolist() == rows["G1"].astype(float).tolist()


def test_fields_come_in_their_own_order_whatever_the_files(rows, write_csv):
    read = MATHEMATICS.read(write_csv(rows[sorted(rows.columns, reverse=True)]))
    assert list(read.columns) == [field.name for field in MATHEMATICS.fields]


def test_quoted_cells_and_spaces_around_them_are_read(rows, write_csv):
    path = write_csv(rows)
    quoted = "\n".join(
        ";".join(f'" {cell} "' if i else f'"{cell}"' for cell in line.split(";"))
        for i, line in enumerate(path.read_text("utf-8").splitlines())
    )
    expected = MATHEMATICS.read(path)
    path.write_text(quoted, "utf-8")
    pd.testing.assert_frame_equal(MATHEMATICS.read(path), expected)


def test_a_byte_order_mark_is_no_part_of_the_first_name(rows, write_csv):
    path = write_csv(rows)
    path.write_text("\ufeff" + path.read_text("utf-8"), "utf-8")
    assert MATHEMATICS.read(path)["school"].tolist() == rows["school"].tolist()


@pytest.mark.parametrize("blank", ["", " "])
def test_blank_features_are_missing(rows, write_csv, blank):
    rows.loc[2, ["age", "school"]] = blank
    read = MATHEMATICS.read(write_csv(rows))
    assert np.isnan(read.loc[2, "age"])
    assert pd.isna(read.loc[2, "school"])
    assert read[["age", "school"]].isna().sum().tolist() == [1, 1]


def test_text_that_pandas_takes_for_missing_is_no_blank(refusal):
    message, _ = refusal(school="NA")
    assert "line 4" in message
    assert "'NA'" in message


# ---- files that are refused ------------------------------------------------------------------


def test_a_missing_column_is_named(rows, write_csv):
    with pytest.raises(DataError, match=r"not the data set uci-mathematics: .*G2"):
        MATHEMATICS.read(write_csv(rows.drop(columns="G2")))


def test_an_extra_column_is_named_with_the_nearest_field(rows, write_csv):
    rows["schol"] = "GP"
    with pytest.raises(DataError, match=r"'schol' .*did you mean 'school'"):
        MATHEMATICS.read(write_csv(rows))


def test_a_column_that_stands_there_twice_is_refused(rows, write_csv):
    path = write_csv(rows)
    lines = path.read_text("utf-8").splitlines()
    path.write_text("\n".join(f"{line};{line.split(';')[0]}" for line in lines), "utf-8")
    with pytest.raises(DataError, match="twice"):
        MATHEMATICS.read(path)


def test_a_grade_of_25_is_refused_with_its_line_and_the_limits(refusal):
    message, path = refusal(G1="25")
    assert path in message
    assert "line 4" in message
    assert "G1 = '25'" in message
    assert "from 0 to 20" in message


def test_an_unknown_school_is_refused_with_its_line_and_what_is_allowed(refusal):
    message, path = refusal(school="GB")
    assert path in message
    assert "line 4" in message
    assert "school = 'GB'" in message
    assert "'GP'" in message
    assert "'MS'" in message


def test_a_misspelt_category_is_refused_with_the_nearest_spelling(refusal):
    message, _ = refusal(Mjob="teachr")
    assert "did you mean 'teacher'?" in message


@pytest.mark.parametrize("blank", ["", "  "])
def test_a_blank_target_is_refused(refusal, blank):
    message, _ = refusal(G3=blank)
    assert "line 4" in message
    assert "G3 is blank" in message


def test_text_in_a_number_is_refused(refusal):
    message, _ = refusal(absences="many")
    assert "line 4" in message
    assert "absences = 'many' is not a number" in message


def test_a_fraction_in_a_whole_number_is_refused(refusal):
    message, _ = refusal(age="16.5")
    assert "age = '16.5' is not a whole number" in message


def test_the_line_is_that_of_the_file_where_empty_lines_stand_before_it(rows, write_csv):
    rows.loc[2, "G1"] = "25"
    path = write_csv(rows)
    lines = path.read_text("utf-8").splitlines()
    path.write_text("\n".join([lines[0], "", *lines[1:]]), "utf-8")
    with pytest.raises(DataError, match="line 5"):
        MATHEMATICS.read(path)


def test_a_row_that_is_too_short_is_refused_with_its_line(rows, write_csv):
    path = write_csv(rows)
    lines = path.read_text("utf-8").splitlines()
    lines[3] = lines[3].rpartition(";")[0]
    path.write_text("\n".join(lines), "utf-8")
    with pytest.raises(DataError, match="line 4 has 32 cells, the header 33"):
        MATHEMATICS.read(path)


@pytest.mark.parametrize("lines", [slice(3, 4), slice(3, None)], ids=["one row", "all others"])
def test_rows_with_a_cell_too_many_are_refused_with_their_line(rows, write_csv, lines):
    path = write_csv(rows)
    text = path.read_text("utf-8").splitlines()
    text[lines] = [f"{line};12" for line in text[lines]]
    path.write_text("\n".join(text), "utf-8")
    with pytest.raises(DataError, match="line 4 has 34 cells, the header 33"):
        MATHEMATICS.read(path)


def test_a_delimiter_at_the_end_of_every_row_never_shifts_the_cells(rows, write_csv):
    path = write_csv(rows)
    text = path.read_text("utf-8").splitlines()
    path.write_text("\n".join([text[0], *(f"{line};" for line in text[1:])]), "utf-8")
    with pytest.raises(DataError, match="line 2 has 34 cells, the header 33"):
        MATHEMATICS.read(path)


def test_a_quote_that_never_ends_is_refused(rows, write_csv):
    path = write_csv(rows)
    path.write_text(path.read_text("utf-8") + '"GP;F', "utf-8")
    with pytest.raises(DataError, match=r"student-mat\.csv"):
        MATHEMATICS.read(path)


def test_many_problems_are_counted_and_the_first_are_listed(rows, write_csv):
    rows["G1"] = "25"
    with pytest.raises(DataError) as caught:
        MATHEMATICS.read(write_csv(rows))
    assert str(caught.value).count("G1 = '25'") == 5
    assert "and 5 more" in str(caught.value)
    assert "line 2:" in str(caught.value)


def test_another_file_is_refused(tmp_path):
    path = tmp_path / "student-mat.csv"
    path.write_text("name,grade\nAda,20\n", "utf-8")
    with pytest.raises(DataError, match="is not the data set uci-mathematics"):
        MATHEMATICS.read(path)


def test_an_empty_file_is_refused(tmp_path):
    path = tmp_path / "student-mat.csv"
    path.touch()
    with pytest.raises(DataError, match=r"student-mat\.csv is empty"):
        MATHEMATICS.read(path)


def test_a_file_with_a_header_alone_is_refused(rows, write_csv):
    with pytest.raises(DataError, match=r"student-mat\.csv has a header and no rows"):
        MATHEMATICS.read(write_csv(rows.head(0)))


@pytest.mark.parametrize(
    ("cells", "remedy"),
    [({"G1": "25"}, "correct them, or take the file again from "), ({"more": "1"}, "take ")],
    ids=["a bad cell", "another column"],
)
def test_a_refusal_says_where_the_right_file_is(refusal, cells, remedy):
    message, _ = refusal(**cells)
    assert remedy in message
    assert message.endswith(f"{MATHEMATICS.url})")


def test_a_file_that_is_not_text_is_refused(tmp_path):
    path = tmp_path / "student-mat.csv"
    path.write_bytes(b"\xff\xfe\x00\x81" * 50)
    with pytest.raises(DataError, match=r"student-mat\.csv"):
        MATHEMATICS.read(path)


def test_a_file_that_is_not_there_is_refused_with_its_source(tmp_path):
    with pytest.raises(DataError, match=r"there is no file .*student-mat\.csv: take it from http"):
        MATHEMATICS.load(tmp_path)


def test_a_folder_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(DataError, match="there is no file"):
        MATHEMATICS.load(tmp_path / "nowhere")


# ---- which file is read ----------------------------------------------------------------------


def dataset_that_fetches(rows):
    fetched = []

    def fetch(folder):
        fetched.append(folder)
        folder.mkdir(parents=True, exist_ok=True)
        rows.to_csv(folder / MATHEMATICS.file, sep=";", index=False)

    digest = digest_cells(rows.to_numpy().tolist())
    return dataclasses.replace(MATHEMATICS, fetch=fetch, digest=digest), fetched


def test_the_folder_of_the_argument_is_read(rows, write_csv, tmp_path, monkeypatch):
    write_csv(rows)
    monkeypatch.setenv("SATCHEL_DATA", str(tmp_path / "elsewhere"))
    assert len(MATHEMATICS.load(tmp_path)) == 10
    assert len(MATHEMATICS.load(str(tmp_path))) == 10


def test_the_folder_of_the_environment_is_read(rows, write_csv, tmp_path, monkeypatch):
    write_csv(rows)
    monkeypatch.setenv("SATCHEL_DATA", str(tmp_path))
    dataset, fetched = dataset_that_fetches(rows)
    assert len(dataset.load()) == 10
    assert fetched == []


def test_nothing_is_fetched_into_a_folder_that_was_named(rows, tmp_path):
    dataset, fetched = dataset_that_fetches(rows)
    with pytest.raises(DataError, match="there is no file"):
        dataset.load(tmp_path)
    assert fetched == []


def test_without_a_folder_the_file_is_fetched_into_the_cache_once(rows, tmp_path, monkeypatch):
    monkeypatch.setattr("pooch.os_cache", lambda name: tmp_path / name)
    dataset, fetched = dataset_that_fetches(rows)
    assert len(dataset.load()) == 10
    assert len(dataset.load()) == 10
    assert fetched == [tmp_path / "satchel"]


def test_a_fetched_file_that_is_not_the_published_one_is_refused(rows, tmp_path, monkeypatch):
    monkeypatch.setattr("pooch.os_cache", lambda name: tmp_path / name)
    dataset, _ = dataset_that_fetches(rows)
    with pytest.raises(DataError, match="is not the data set as published"):
        dataclasses.replace(dataset, digest=MATHEMATICS.digest).load()


def test_a_source_that_a_program_cannot_fetch_from_says_what_a_person_does(tmp_path):
    fetch = by_hand("marks.csv", "https://example.org/marks", "its source asks for a login")
    with pytest.raises(DataError) as caught:
        fetch(tmp_path)
    assert str(caught.value) == (
        "marks.csv is not fetched for you, because its source asks for a login: download it from "
        "https://example.org/marks, keep the name marks.csv, and name its folder with --data DIR "
        f"or by SATCHEL_DATA; or put it into {tmp_path}"
    )


def test_the_digest_is_of_the_cells_however_they_are_written():
    assert digest_cells([["a", "1"], ["b", ""]]) == digest_cells([[" a", "1 "], ["b", ""]])
    assert digest_cells([["a", "1"]]) != digest_cells([["a1", ""]])


# ---- rows that look alike --------------------------------------------------------------------


@pytest.mark.parametrize("dataset", [MATHEMATICS, PORTUGUESE], ids=lambda found: found.name)
def test_generated_rows_pass_the_data_sets_own_check(dataset):
    for seed in range(3):
        dataset.check(dataset.generate(200, seed), "generated")


def test_generated_rows_are_those_of_the_seed():
    one, same, other = (MATHEMATICS.generate(20, seed) for seed in (1, 1, 2))
    pd.testing.assert_frame_equal(one, same)
    assert not one.equals(other)


def test_generated_rows_have_the_fields_and_types_of_a_file(rows, write_csv):
    generated = MATHEMATICS.generate(10, 3)
    read = MATHEMATICS.read(write_csv(rows))
    pd.testing.assert_frame_equal(read, generated, check_dtype=False)


def test_generated_rows_of_a_file_come_back(write_csv):
    generated = MATHEMATICS.generate(50, 4)
    read = MATHEMATICS.read(write_csv(generated))
    pd.testing.assert_frame_equal(read, generated, check_dtype=False)


def test_a_field_is_found_by_its_name():
    assert MATHEMATICS.field("G3").name == "G3"


@pytest.mark.parametrize(
    ("synthetic", "rule", "demonstration"),
    [(False, "", False), (True, "", True), (False, "A rule.", True), (True, "A rule.", True)],
)
def test_invented_data_and_data_with_a_rule_are_for_demonstration(synthetic, rule, demonstration):
    dataset = dataclasses.replace(MATHEMATICS, synthetic=synthetic, rule=rule)
    assert dataset.demonstration is demonstration


def test_generated_data_need_no_folder(tmp_path):
    made = Generated(
        name="made",
        title="Made",
        url="",
        licence="none needed",
        fields=MATHEMATICS.fields,
        targets=("G3",),
        generate=MATHEMATICS.generate,
        collection="Made.",
        composition="Rows.",
        known_issues="None.",
        rows=7,
        seed=5,
    )
    pd.testing.assert_frame_equal(made.load(tmp_path / "nowhere"), MATHEMATICS.generate(7, 5))
    assert made.demonstration
