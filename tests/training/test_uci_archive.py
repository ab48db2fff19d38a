import io
import zipfile

import pytest

from satchel import DataError
from satchel_training.datasets import uci
from satchel_training.datasets.uci import MATHEMATICS, PORTUGUESE, unpack


def inner_zip(**files):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in files.items():
            archive.writestr(f"{name.replace('_', '-')}.csv", text)
    return buffer.getvalue()


@pytest.fixture
def archive(tmp_path):
    def make(content, name="student.zip"):
        path = tmp_path / "archive.zip"
        with zipfile.ZipFile(path, "w") as outer:
            outer.writestr(name, content)
        return path

    return make


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    return folder


def test_both_files_are_taken_out_of_the_inner_archive(archive, folder):
    unpack(archive(inner_zip(student_mat="a;b\n1;2\n", student_por="c\n")), folder)
    files = {path.name: path.read_text("utf-8") for path in folder.iterdir()}
    assert files == {"student-mat.csv": "a;b\n1;2\n", "student-por.csv": "c\n"}


def test_an_archive_without_the_inner_one_is_refused(archive, folder):
    with pytest.raises(DataError, match="is not the archive of http"):
        unpack(archive(inner_zip(student_mat="", student_por=""), name="other.zip"), folder)
    assert list(folder.iterdir()) == []


def test_an_inner_archive_that_is_none_is_refused(archive, folder):
    with pytest.raises(DataError, match="is not the archive of http"):
        unpack(archive(b"no zip"), folder)
    assert list(folder.iterdir()) == []


def test_an_archive_that_lacks_one_file_is_refused(archive, folder):
    with pytest.raises(DataError, match=r"student-mat\.csv"):
        unpack(archive(inner_zip(student_por="c\n")), folder)
    assert list(folder.iterdir()) == []


def test_a_file_that_is_no_archive_is_refused(tmp_path, folder):
    path = tmp_path / "archive.zip"
    path.write_text("<html>Not found</html>", "utf-8")
    with pytest.raises(DataError, match="is not the archive of http"):
        unpack(path, folder)


def test_fetching_unpacks_what_was_retrieved(archive, folder, monkeypatch):
    path = archive(inner_zip(student_mat="m\n", student_por="p\n"))
    asked = []

    def retrieve(url, known_hash, path=None, **options):
        asked.append(url)
        return str(archive_path)

    archive_path = path
    monkeypatch.setattr("pooch.retrieve", retrieve)
    MATHEMATICS.fetch(folder)
    assert asked == [uci.ARCHIVE]
    assert (folder / "student-mat.csv").read_text("utf-8") == "m\n"
    assert (folder / "student-por.csv").read_text("utf-8") == "p\n"


def test_without_internet_the_error_says_what_to_do(folder, monkeypatch):
    def retrieve(*arguments, **options):
        raise ConnectionError("no route")

    monkeypatch.setattr("pooch.retrieve", retrieve)
    with pytest.raises(DataError, match=r"ConnectionError.*download it from .*--data"):
        PORTUGUESE.fetch(folder)


def test_the_two_data_sets_are_two_files_of_one_source():
    assert MATHEMATICS.file != PORTUGUESE.file
    assert MATHEMATICS.name != PORTUGUESE.name
    assert MATHEMATICS.url == PORTUGUESE.url
