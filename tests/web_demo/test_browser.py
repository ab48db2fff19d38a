"""One true walk through the site: the served process, a real browser, no script."""

import re
import shutil
import subprocess
import sys

import pytest

playwright = pytest.importorskip("playwright.sync_api", reason="pip install --group test")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(not CHROMIUM, reason="apt install chromium")

SIZES = {"phone": (390, 844), "desktop": (1280, 800)}
REQUIRED = {
    "school": "GP",
    "reason": "course",
    "traveltime": "1",
    "studytime": "2",
    "failures": "0",
    "schoolsup": "no",
    "famsup": "yes",
    "paid": "no",
    "activities": "yes",
    "nursery": "yes",
    "higher": "yes",
    "internet": "yes",
    "famrel": "4",
    "freetime": "3",
    "goout": "2",
    "Dalc": "1",
    "Walc": "1",
    "absences": "4",
    "G1": "13",
    "G2": "14",
}


@pytest.fixture(scope="module")
def site():
    command = [
        sys.executable,
        "-m",
        "satchel",
        "serve",
        "--port",
        "0",
        "--host-name",
        "school.test",
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        line = process.stdout.readline()
        yield re.search(r"http://127\.0\.0\.1:\d+", line)[0]
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=CHROMIUM,
            args=[
                "--no-sandbox",
                "--disable-gpu",
                "--disable-background-networking",
                # A name for this machine that a browser trusts no more than any in a school.
                "--host-resolver-rules=MAP school.test 127.0.0.1",
            ],
        )
        yield browser
        browser.close()


@pytest.fixture(params=SIZES)
def page(request, browser, site):
    width, height = SIZES[request.param]
    context = browser.new_context(
        viewport={"width": width, "height": height}, java_script_enabled=False
    )
    page = context.new_page()
    page.complaints = []
    # The browser reports the 422 of a wrong form too: that one is meant.
    page.on("console", lambda m: "422" in m.text or page.complaints.append(m.text))
    page.on("requestfailed", lambda request: page.complaints.append(request.url))
    page.elsewhere = []
    hosts = (site, site.replace("127.0.0.1", "school.test"))
    page.on("request", lambda r: r.url.startswith(hosts) or page.elsewhere.append(r.url))
    yield page
    context.close()


def test_open_fill_submit_read(page, site, predictor, tmp_path):
    page.goto(site)
    page.get_by_role("link", name=f"{predictor.spec.card.title} (mlp)").click()
    page.get_by_label("First-period grade").fill("25")
    page.get_by_role("button", name="Predict").click()
    alert = page.get_by_role("alert")
    assert (
        "First-period grade = '25' is out of bounds; give a number from 0 to 20"
        in alert.inner_text()
    )
    assert page.get_by_label("First-period grade").input_value() == "25"

    for name, value in REQUIRED.items():
        control = page.locator(f"[name={name}]")
        if control.evaluate("e => e.tagName") == "SELECT":
            control.select_option(value)
        else:
            control.fill(value)
    page.get_by_role("button", name="Predict").click()
    expected = predictor.predict(REQUIRED)
    answer = page.get_by_role("status").inner_text()
    assert f"Final grade: {expected.value:g} points of 20" in answer
    assert expected.label in answer
    assert "answered without: Sex, Age, Home address" in answer
    assert page.get_by_label("Second-period grade").input_value() == "14"
    page.screenshot(path=tmp_path / "predicted.png", full_page=True)

    assert page.elsewhere == []
    assert page.complaints == []
    wide = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert wide[0] <= wide[1], "the page scrolls sideways"


def test_a_form_is_accepted_under_a_name_of_the_local_network(page, site, predictor):
    page.goto(f"{site.replace('127.0.0.1', 'school.test')}/models/{predictor.name}")
    page.get_by_role("button", name="Predict").click()
    assert "Second-period grade is required" in page.get_by_role("alert").inner_text()
    assert page.elsewhere == []


def test_the_keyboard_alone_sends_the_form(page, site, predictor):
    page.goto(f"{site}/models/{predictor.name}")
    page.get_by_label("Second-period grade").press("Enter")
    assert (
        "Second-period grade is required and was not given"
        in page.get_by_role("alert").inner_text()
    )
