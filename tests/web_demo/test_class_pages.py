import html
import io
import logging
import re

import openpyxl
import pytest

import satchel
from satchel.tables.class_list import DONE, Levels, Limits
from satchel_web import Config, create_app

MODEL = "secondary-mathematics"
CLASS = "Name,Form,Test 1,Test 2\nAna,A,12,13\nBea,B,7,6\nCal,A,10,9\n"


@pytest.fixture
def site():
    return lambda **options: create_app(Config(**options)).test_client()


def entries(page):
    """What the form of a page would send as it stands."""
    found = {}
    for name, body in re.findall(
        r'<select[^>]*name="([^"]+)"[^>]*>(.*?)</select>', page.text, re.S
    ):
        chosen = re.search(r'value="([^"]*)" selected', body)
        found[name] = html.unescape(chosen[1]) if chosen else ""
    for tag in re.findall(r"<input[^>]*>", page.text):
        name, value = (re.search(rf'{key}="([^"]*)"', tag) for key in ("name", "value"))
        if name:
            found[name[1]] = html.unescape(value[1]) if value else ""
    return found


def put_in(client, content=CLASS, name="8b.csv", model=MODEL, **more):
    content = content.encode() if isinstance(content, str) else content
    return client.post(f"/models/{model}/class", data={"file": (io.BytesIO(content), name), **more})


def shown(client, content=CLASS, name="8b.csv", model=MODEL, **corrections):
    assert put_in(client, content, name, model).status_code == 303
    form = entries(client.get("/class/columns"))
    answer = client.post("/class/columns", data={**form, **corrections})
    assert answer.status_code == 303, answer.text
    return client.get(answer.headers["Location"]).text


def test_students_are_shown_by_their_risk_with_words_for_the_levels(site):
    page = shown(site())
    assert f"{MODEL}.monotonic-mlp {satchel.load(MODEL).spec.version}" in page
    assert page.index("Bea") < page.index("Cal") < page.index("Ana")
    assert page.count('class="level high"') == page.count('class="level watch"') == 1
    assert "High risk" in page
    assert "<style" not in page
    assert " style=" not in page


def test_pasted_cells_are_a_list_too(site):
    client = site()
    answer = client.post(f"/models/{MODEL}/class", data={"pasted": CLASS.replace(",", "\t")})
    assert answer.status_code == 303
    assert "3 students" in client.get("/class/columns").text


def test_the_levels_are_those_of_the_configuration(site):
    assert shown(site(levels=Levels(0.99, 0.9))).count('class="level high"') == 1


def test_another_browser_sees_nothing_of_a_class(site):
    app = create_app()
    mine, other = app.test_client(), app.test_client()
    shown(mine)
    for url in ("/class", "/class/columns", "/class/students/2", "/class/answer.csv"):
        assert other.get(url).status_code == 404
        other.set_cookie("satchel_class", "guessed")
        assert other.get(url).status_code == 410
        other.delete_cookie("satchel_class")


def test_no_name_stands_in_an_address_a_cookie_a_cache_or_the_log(site, caplog):
    client = site()
    with caplog.at_level(logging.DEBUG):
        answer = put_in(client)
        page = client.get("/class/columns")
        client.post("/class/columns", data={**entries(page), "field-5": ":nowhere"})
        client.get("/class/students/77")
    assert "Ana" not in caplog.text
    assert "Ana" not in str(answer.headers)
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert page.headers["Cache-Control"] == "no-store"
    assert "Ana" not in client.get("/class/students/77").text


def test_a_class_is_forgotten_when_told_to_and_after_its_time(site):
    client = site()
    shown(client)
    assert client.post("/class/forget").status_code == 303
    assert client.get("/class").status_code == 404
    late = site(kept_seconds=-1.0)
    put_in(late)
    assert late.get("/class").status_code == 410
    assert "forgotten after an hour" in late.get("/class").text


def test_the_oldest_class_goes_when_there_is_no_room(site):
    app = create_app(Config(kept_bytes=30_000))
    first, second = app.test_client(), app.test_client()
    put_in(first)
    put_in(second)
    third = app.test_client()
    put_in(third)
    assert first.get("/class/columns").status_code == 410
    assert third.get("/class/columns").status_code == 200


@pytest.mark.parametrize(
    ("limits", "why"),
    [
        (Limits(rows=2), "more than 2 students"),
        (Limits(columns=3), "more than 3 columns"),
        (Limits(seconds=-1), "more than -1 seconds"),
    ],
)
def test_a_list_beyond_the_limits_is_refused_with_the_limit(site, limits, why):
    answer = put_in(site(limits=limits))
    assert answer.status_code == 422
    assert why in answer.text
    assert "command line" in answer.text


def test_what_is_no_table_is_refused_in_plain_words(site):
    for content, name in ((b"\x00\x01\x02", "8b.csv"), (b"", "8b.xlsx"), (b"%PDF-1.7", "8b.csv")):
        answer = put_in(site(), content, name)
        assert answer.status_code == 422
        assert "--" not in re.sub(r"<[^>]+>", "", answer.text)


def test_a_row_that_cannot_be_read_is_named_and_may_be_left_out(site):
    client = site()
    put_in(client, CLASS + "Dan,B,99,8\n")
    form = entries(client.get("/class/columns"))
    answer = client.post("/class/columns", data={**form, "action": "run"})
    assert answer.status_code == 422
    assert "Row 5, Dan" in answer.text
    assert "First-period grade: 99 is out of bounds. Allowed: 0 to 20 points." in answer.text
    answer = client.post("/class/columns", data={**form, "action": "without"})
    assert answer.status_code == 303
    assert "Could not be read" in client.get("/class").text


def test_marks_out_of_another_total_are_brought_to_the_models(site):
    client = site()
    put_in(client, "Name,Test 1,Test 2\nAna,6,6.5\nBea,3,3\n")
    form = entries(client.get("/class/columns"))
    form |= {name: "10" for name in form if name.endswith("-total") and form[name] == "20"}
    assert client.post("/class/columns", data=form).status_code == 303
    assert "Second-period grade 6" in client.get("/class").text  # 3 of 10 are 6 of 20


def test_the_pass_mark_of_the_class_counts(site):
    strict, kind = (shown(site(), mark=mark).count('class="level high"') for mark in ("14", "5"))
    assert (strict, kind) == (3, 0)


def test_an_answered_workbook_brings_the_class_back(site):
    client = site()
    page = shown(client)
    content = client.get("/class/answer.xlsx").data
    book = openpyxl.load_workbook(io.BytesIO(content))
    sheet = book.active
    assert sheet.column_dimensions["E"].width == len("predicted_G3") + 2
    place = [cell.value for cell in sheet[1]].index(DONE)
    sheet.cell(3, place + 1).value = "talked with the parents"
    changed = io.BytesIO()
    book.save(changed)
    again = shown(site(), changed.getvalue(), "8b-answered.xlsx")
    assert "talked with the parents" in again
    assert again.count('class="level high"') == page.count('class="level high"')


def test_an_answered_workbook_remembers_the_columns_that_were_chosen_by_hand(site):
    client = site()
    text = CLASS.replace("Test 1", "alpha").replace("Test 2", "beta")
    put_in(client, text)
    chosen = {"field-5": ":alpha", "field-5-total": "25", "field-6": ":beta"}
    form = {**entries(client.get("/class/columns")), **chosen}
    assert client.post("/class/columns", data=form).status_code == 303
    content = client.get("/class/answer.xlsx").data
    put_in(client, content, "answered.xlsx")
    again = entries(client.get("/class/columns"))
    assert {name: again[name] for name in chosen} == chosen
    book = openpyxl.load_workbook(io.BytesIO(content))
    book.properties.description += "= ="
    changed = io.BytesIO()
    book.save(changed)
    put_in(client, changed.getvalue(), "answered.xlsx")
    assert entries(client.get("/class/columns"))["field-5"] == ""


def test_what_would_run_as_a_formula_does_not_in_a_download(site):
    client = site()
    shown(client, CLASS.replace("Ana", "=1+1"))
    assert "'=1+1" in client.get("/class/answer.csv").text
    book = openpyxl.load_workbook(io.BytesIO(client.get("/class/answer.xlsx").data))
    assert all(cell.data_type != "f" for row in book.active for cell in row)


def test_the_mapping_comes_down_and_goes_in_again(site):
    client = site()
    text = CLASS.replace("Test 1", "alpha").replace("Test 2", "beta")
    put_in(client, text)
    form = entries(client.get("/class/columns"))
    features = {"field-5": ":alpha", "field-6": ":beta"}
    assert client.post("/class/columns", data={**form, **features}).status_code == 303
    mapping = client.get("/class/mapping.toml").data
    assert b'"alpha" = "G1"' in mapping
    put_in(client, text, mapping=(io.BytesIO(mapping), "mapping.toml"))
    form = entries(client.get("/class/columns"))
    assert (form["field-5"], form["field-6"]) == (":alpha", ":beta")


def test_the_example_list_goes_through_as_it_is(site):
    client = site()
    example = client.get(f"/models/{MODEL}/example.csv").data
    assert "Student 1" in shown(client, example, "example.csv")


def test_a_class_of_whom_much_is_flagged_says_so(site):
    assert "More than a third of the class" in shown(site(), mark="14")
    assert "More than a third of the class" not in shown(site(), mark="5")


def test_the_language_follows_the_browser_and_the_choice(site):
    client = site()
    assert '<html lang="fr" dir="ltr">' in client.get("/", headers={"Accept-Language": "fr"}).text
    assert '<html lang="ar" dir="rtl">' in client.get("/?lang=ar").text
    assert '<html lang="ar" dir="rtl">' in client.get("/").text  # it was chosen by hand


@pytest.mark.parametrize(
    ("content", "name", "said"),
    [
        (b"\x00" * 9, "8b.csv", "contient des octets nuls : ce n'est pas un fichier texte"),
        (b"Nom,Note,Note\nAna,1,2\n", "8b.csv", "8b.csv : la première ligne"),
        (b"", "8b.xlsx", "8b.xlsx est vide, alors que son nom se termine par .xlsx"),
        (b"%PDF-1.7", "8b.csv", "8b.csv est un PDF : demandez le tableau lui-même"),
        (b"{\\rtf1", "8b.csv", "est un document : copiez son tableau"),
        (b'a,b\n"1,2\n', "8b.csv", "cherchez un guillemet qui n'est pas fermé"),
        (b"a,a\n1,2\n", "8b.csv", "y figure deux fois ; renommez-en une"),
    ],
)
def test_what_is_wrong_with_a_file_is_said_in_the_language_of_the_page(site, content, name, said):
    client = site()
    client.get("/?lang=fr")
    answer = put_in(client, content, name)
    assert answer.status_code == 422
    assert said in html.unescape(answer.text)


def test_remarks_on_a_column_name_the_field_and_no_option(site):
    client = site()
    client.get("/?lang=fr")
    page = html.unescape(
        shown(
            client, CLASS.replace("12,13", "1,1").replace("7,6", "1,1.5").replace("10,9", "0.5,1")
        )
    )
    assert "toutes les valeurs de Note de la première période sont dans le dixième" in page
    assert "--map" not in page


def test_another_language_keeps_what_was_filled_in(client):
    record = {"G1": "11", "G2": "twelve"}
    page = client.post(f"/models/{MODEL}", data=record).text
    assert 'form="record" formaction="?lang=fr"' in page
    page = client.post(f"/models/{MODEL}?lang=fr", data=record).text
    assert '<html lang="fr"' in page
    assert 'value="twelve"' in page
    assert "?lang=" not in re.sub(r"<a [^>]*>", "", client.get(f"/models/{MODEL}").text)


def test_under_a_prefix_every_address_has_it(site):
    client = site(prefix="/satchel")
    host = {"X-Forwarded-Host": "school.example", "X-Forwarded-Proto": "https"}
    for path in ("/satchel/", "/"):  # as the proxy passes it on, or cuts it off
        page = client.get(path, headers=host).text
        links = re.findall(r'(?:href|action|src)="(/[^"]*)"', page)
        assert links
        assert all(link.startswith("/satchel/") for link in links)
    answer = client.post(
        f"/satchel/models/{MODEL}/class",
        data={"pasted": CLASS},
        headers={**host, "Origin": "https://school.example"},
    )
    assert answer.headers["Location"] == "/satchel/class/columns"
    assert "Secure" in answer.headers["Set-Cookie"]


def test_a_proxy_that_hides_the_host_is_told_what_to_pass_on(client):
    answer = client.post("/class/forget", headers={"Origin": "http://school.example"})
    assert answer.status_code == 403
    assert "proxy_set_header Host" in answer.text


def test_a_large_upload_stays_in_memory(site, monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("a temporary file")

    monkeypatch.setattr("werkzeug.formparser.SpooledTemporaryFile", refuse)
    padded = CLASS + "".join(f"{'x' * 60_000}{i},A,12,13\n" for i in range(12))
    assert put_in(site(), padded).status_code == 303


def test_what_a_teacher_takes_off_stays_off(site):
    client = site()
    put_in(client, "Name,Test 1,Test 2,failed classes\nAna,12,13,0\nBea,7,6,1\n")
    form = entries(client.get("/class/columns"))
    assert form["field-2"] == ":failed classes"
    page = client.post("/class/columns", data={**form, "field-2": "", "action": "look"})
    assert entries(page)["field-2"] == ""


def test_a_teacher_may_say_another_total_than_the_file(site):
    client = site()
    put_in(client, "Name,Test 1 (out of 10),Test 2 (out of 10)\nAna,6,7\nBea,3,3\n")
    form = entries(client.get("/class/columns"))
    assert form["field-5-total"] == "10"
    for _ in range(2):
        page = client.post(
            "/class/columns",
            data={**form, "field-5-total": "20", "field-6-total": "20", "action": "look"},
        )
        assert entries(page)["field-5-total"] == "20"


@pytest.mark.parametrize(
    ("wrong", "told"),
    [({"mark": "ten"}, "ten/20"), ({"mark": "30"}, "30/20"), ({"field-5-total": "x"}, "G1/x")],
)
def test_a_wrong_entry_is_told_and_the_other_choices_stay(site, wrong, told):
    client = site()
    put_in(client, CLASS.replace("Test 1", "alpha").replace("Test 2", "beta"))
    form = {**entries(client.get("/class/columns")), "field-5": ":alpha", "field-6": ":beta"}
    assert client.post("/class/columns", data={**form, "action": "look"}).status_code == 200
    page = client.post("/class/columns", data={**form, **wrong})
    assert page.status_code == 422
    assert told in page.text
    again = entries(page)
    assert (again["field-5"], again["field-6"]) == (":alpha", ":beta")


def test_the_words_of_a_scale_may_be_those_of_the_whole_class(site):
    client = site()
    put_in(client)
    page = client.get("/class/columns")
    assert "the same for all: 5 to 10 hours" in page.text
    client.post("/class/columns", data={**entries(page), "field-1": "=3"})
    assert "Study time" not in re.search(r"Answered without: [^<]*", client.get("/class").text)[0]
