import re
from dataclasses import replace
from html.parser import HTMLParser

import onnx
import pytest

import satchel
from satchel import BundleError
from satchel.bundle import METADATA_KEY
from satchel.collection import Collection
from satchel.files import replacing
from satchel_web import Config, create_app
from satchel_web.questions import Question, questions
from satchel_web.security import CONTENT_SECURITY_POLICY

URL = "/models/secondary-mathematics.mlp"


class Page(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tags = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def all(self, *tags):
        return [attributes for tag, attributes in self.tags if tag in tags]


@pytest.fixture
def form(record):
    return {name: str(value) for name, value in record.items()}


def test_the_first_page_lists_the_models_with_their_headlines(client, predictor):
    page = client.get("/")
    assert page.status_code == 200
    assert f'href="{URL}"' in page.text
    assert predictor.spec.card.headline in page.text


def test_the_form_has_a_labelled_control_for_every_feature(client, predictor):
    page = Page(client.get(URL).text)
    controls = page.all("input", "select")
    assert {c["name"] for c in controls} == {f.name for f in predictor.spec.inputs.features}
    assert {c["id"] for c in controls} == {label["for"] for label in page.all("label")}
    required = {c["name"] for c in controls if "required" in c}
    assert required == {f.name for f in predictor.spec.inputs.features if f.required}


def test_every_control_is_described_by_texts_that_are_there(client, form):
    page = Page(client.post(URL, data={**form, "G1": "x", "school": "x"}).text)
    ids = [tag["id"] for _, tag in page.tags if "id" in tag]
    assert len(set(ids)) == len(ids)
    described = {c["name"]: c.get("aria-describedby", "") for c in page.all("input", "select")}
    assert described["G1"].endswith("-error")
    assert described["school"].endswith("-error")
    assert set(" ".join(described.values()).split()) <= set(ids)


def test_the_form_shows_limits_units_choices_and_what_is_required(client):
    text = client.get(URL).text
    assert "0 to 20 points" in text
    assert '<option value="1">under 15 minutes</option>' in text
    assert '<option value="GP">Gabriel Pereira</option>' in text
    assert re.search(r'>First-period grade\s*<span class="required"', text)
    assert not re.search(r'>Sex\s*<span class="required"', text)


def test_a_filled_form_gets_its_prediction(client, predictor, record, form):
    page = client.post(URL, data=form)
    prediction = predictor.predict(record)
    assert page.status_code == 200
    assert f"<strong>{prediction.value:g}</strong> points of 20" in page.text
    assert f'<strong class="label">{prediction.label}</strong>' in page.text
    assert predictor.bundle.sha256[:12] in page.text


def test_an_optional_field_left_blank_is_noted(client, form):
    page = client.post(URL, data={**form, "sex": " "})
    assert page.status_code == 200
    assert "Left blank; answered without: Sex</p>" in page.text


def test_a_value_outside_the_range_seen_in_training_is_noted(client, form):
    page = client.post(URL, data={**form, "absences": "150"})
    assert "Absences: 150 is outside the range seen in training" in page.text


def test_a_student_unlike_those_of_training_gets_a_warning_with_the_reasons(client, form):
    assert "Do not rely on this one" not in client.post(URL, data=form).text
    page = client.post(URL, data={**form, "absences": "150"}).text
    assert "Do not rely on this one" in page
    assert page.count("Absences: 150 is outside") == 1


def test_wrong_fields_are_named_and_what_was_entered_stays(client, form):
    page = client.post(URL, data={**form, "G1": "25<b>", "G2": ""})
    assert page.status_code == 422
    assert "First-period grade: 25&lt;b&gt; is not a number. Allowed: 0 to 20" in page.text
    assert "Second-period grade is needed. Allowed: 0 to 20 points." in page.text
    assert 'value="25&lt;b&gt;"' in page.text
    assert "<b>" not in page.text
    invalid = [c["name"] for c in Page(page.text).all("input", "select") if "aria-invalid" in c]
    assert invalid == ["G1", "G2"]


def test_a_field_that_the_model_does_not_have_is_named(client, form):
    page = client.post(URL, data={**form, "G4": "3"})
    assert page.status_code == 422
    assert "is no field of this model" in page.text


def test_an_unverified_demonstration_says_so_wherever_it_shows(own_models):
    client = create_app(Config(models=[own_models])).test_client()
    for url in ("/", "/models/tiny.linear"):
        assert "unverified" in client.get(url).text
    assert "unverified" not in create_app().test_client().get("/").text


def test_what_a_school_made_is_its_own_although_its_folder_has_an_index(own_models):
    models = Collection([own_models])
    assert not models.find("tiny.linear").ships
    shipped = models.find("secondary-mathematics")
    assert (shipped.ships, Question(shipped).group) == (True, "shipped")
    made_here = replace(shipped, ships=False)
    assert made_here.verified
    assert list(questions([shipped, made_here])) == ["own", "shipped"]


def test_an_unknown_model_is_a_page_that_says_so(client):
    page = client.get("/models/none")
    assert page.status_code == 404
    assert "There is no such model" in page.text


def test_two_bundles_of_one_name_refuse_to_start(tmp_path, predictor):
    (tmp_path / predictor.bundle.path.name).write_bytes(predictor.bundle.model)
    with pytest.raises(BundleError, match="two models are called secondary-mathematics"):
        create_app(Config(models=[tmp_path]))


@pytest.mark.parametrize("url", ["/", URL, "/none", "/healthz", "/static/style.css"])
def test_every_answer_carries_the_security_headers(client, url):
    headers = client.get(url).headers
    assert headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert "Set-Cookie" not in headers


def test_the_policy_allows_no_script_and_nothing_inline():
    assert "default-src 'none'" in CONTENT_SECURITY_POLICY
    assert "script-src" not in CONTENT_SECURITY_POLICY
    assert "unsafe-inline" not in CONTENT_SECURITY_POLICY


@pytest.mark.parametrize("url", ["/", URL])
def test_pages_need_no_script_and_nothing_from_elsewhere(client, url):
    page = Page(client.get(url).text)
    assert not page.all("script", "style")
    assert not [a for _, a in page.tags if "style" in a or any(k.startswith("on") for k in a)]
    links = [a.get("src") or a.get("href") for _, a in page.tags if "src" in a or "href" in a]
    assert links
    assert all(link.startswith(("/", "#", "?")) for link in links)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "none"}, 200),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "http://localhost"}, 200),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://["}, 403),
        ({"Origin": "http://[::1"}, 403),
        ({"Origin": "http://localhost", "Sec-Fetch-Site": "cross-site"}, 403),
    ],
)
def test_a_form_sent_by_another_site_is_refused(client, form, headers, status):
    assert client.post(URL, data=form, headers=headers).status_code == status


def test_a_request_to_the_interface_by_another_site_is_refused(client, record):
    url = "/api/v1/models/secondary-mathematics.mlp/predict"
    headers = {"Origin": "http://evil.example"}
    response = client.post(url, json={"features": record}, headers=headers)
    assert response.status_code == 403
    assert response.content_type == "application/problem+json"


@pytest.fixture
def changing(own_models, monkeypatch):
    """A client of a site that looks at its folders at each request, and the file of its bundle."""
    monkeypatch.setattr("satchel.collection.FRESH", -1.0)
    client = create_app(Config(models=[own_models])).test_client()
    return client, own_models / "tiny.linear.onnx"


def answered_by(client):
    record = {"features": {"score": 12, "hours": 6.5, "course": "math"}}
    return client.post("/api/v1/models/tiny.linear/predict", json=record)


def versioned(path, version):
    """Write a bundle again, as another version of itself."""
    content = onnx.load_from_string(path.read_bytes())
    spec = replace(satchel.load(path).spec, version=version)
    onnx.helper.set_model_props(content, {METADATA_KEY: spec.to_json()})
    with replacing(path, "wb") as file:
        file.write(content.SerializeToString())


def test_a_new_version_is_taken_up_and_told_in_every_answer(changing):
    client, path = changing
    before = answered_by(client).json
    assert before["version"] == "1.0.0"
    versioned(path, "1.7.0")
    after = answered_by(client).json
    assert after["version"] == "1.7.0"
    assert after["sha256"] != before["sha256"]
    for url in ("/models/tiny.linear", "/models/tiny.linear/card"):
        assert "1.7.0" in client.get(url).text


def test_a_bundle_that_comes_or_goes_is_listed_or_not(changing, tmp_path):
    client, path = changing
    path.rename(tmp_path / "away")
    assert client.get("/models/tiny.linear").status_code == 404
    (tmp_path / "away").rename(path)
    assert client.get("/models/tiny.linear").status_code == 200


def test_a_damaged_bundle_never_takes_the_place_of_one_that_is_open(changing):
    client, path = changing
    assert answered_by(client).json["version"] == "1.0.0"
    path.write_bytes(path.read_bytes()[:-100])
    assert answered_by(client).json["version"] == "1.0.0"
    (why,) = client.application.extensions["satchel"].offered.left_out
    assert "tiny.linear.onnx" in why


def test_a_folder_that_contradicts_itself_leaves_what_was_offered(changing, tmp_path, monkeypatch):
    client, path = changing
    other = tmp_path / "other"
    other.mkdir()
    (other / path.name).write_bytes(path.read_bytes())
    monkeypatch.setenv("SATCHEL_MODELS", str(other))
    assert answered_by(client).json["version"] == "1.0.0"


def test_a_bundle_that_is_damaged_before_it_is_asked_is_told(changing, caplog):
    client, path = changing
    path.write_bytes(path.read_bytes()[:-100])
    assert answered_by(client).status_code == 503
    page = client.post("/models/tiny.linear", data={"score": "1"})
    assert page.status_code == 503
    assert "cannot be read now" in page.text
    assert "BundleError in pages.model" in caplog.text


def test_a_form_with_files_is_refused(client, form):
    page = client.post(URL, data=form, content_type="multipart/form-data")
    assert page.status_code == 415


def test_links_from_elsewhere_still_work(client):
    assert client.get(URL, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 200


@pytest.mark.parametrize("host", ["a..b", "[", "a b", "x" * 300, "\u00e9", ""])
@pytest.mark.parametrize("path", ["/", "/nowhere", "/models/nothing", "/api/v1/models/x"])
def test_a_host_of_no_form_is_refused_like_anything_else(client, caplog, host, path):
    response = client.get(path, headers={"Host": host})
    assert response.status_code in (200, 400, 404)
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert "Traceback" not in caplog.text


def test_an_error_on_the_way_of_an_error_is_answered_and_not_spelled(app, caplog, monkeypatch):
    def fail(*_):
        raise RuntimeError("SECRET")

    for handlers in app.error_handler_spec[None].values():
        for kind in handlers:
            handlers[kind] = fail
    response = app.test_client().get("/nowhere")
    assert (response.status_code, response.data) == (500, b"Internal Server Error\n")
    assert response.headers["Content-Security-Policy"]
    assert "SECRET" not in caplog.text
    assert "RuntimeError" in caplog.text


def test_a_damaged_bundle_is_left_out_and_the_others_serve(tmp_path, monkeypatch):
    (tmp_path / "broken.model.onnx").write_bytes(b"no model")
    app = create_app(Config(models=[tmp_path]))
    (reason,) = app.extensions["satchel"].offered.left_out
    assert "broken.model.onnx: " in reason
    page = app.test_client().get("/")
    assert page.status_code == 200
    assert "broken" not in page.text


def test_no_request_waits_while_another_model_is_loaded(monkeypatch):
    """The first model is asked for by two threads and is slow to load; the second is not."""
    import threading

    from satchel import collection as module

    found = create_app(Config()).extensions["satchel"]
    slow, quick = list(found)[:2]
    begun, go_on, made = threading.Event(), threading.Event(), []
    read = module.bundles.read_listed

    def reading(file):
        if file == slow.file:
            made.append(file)
            begun.set()
            assert go_on.wait(20)
        return read(file)

    monkeypatch.setattr(module.bundles, "read_listed", reading)
    threads = [threading.Thread(target=found.predictor, args=(slow,)) for _ in range(2)]
    for thread in threads:
        thread.start()
    assert begun.wait(20)
    assert found.predictor(quick).name == quick.spec.name
    go_on.set()
    for thread in threads:
        thread.join(20)
    assert len(made) == 1


def test_a_field_that_matters_and_is_missing_is_a_doubt(client):
    page = client.post("/models/course-outcome", data={"Quiz1": "50", "Quiz2": "40", "Quiz3": "60"})
    assert page.status_code == 200
    assert "Attendance is missing, and much of the answer rests on it." in page.text


def test_many_fields_that_are_missing_are_a_doubt(client, form):
    optional = {"famsize", "Pstatus", "Medu", "Fedu", "Mjob", "Fjob", "guardian", "sex", "age"}
    optional |= {"address", "romantic", "health"}
    page = client.post(URL, data={k: v for k, v in form.items() if k not in optional})
    assert re.search(r"\d+ of 32 fields were not given\.", page.text)
