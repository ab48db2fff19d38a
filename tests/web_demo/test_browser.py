"""The teacher's whole way through the served site, in a real browser."""

import re
import shutil
import subprocess
import sys

import pytest

playwright = pytest.importorskip("playwright.sync_api", reason="pip install --group test")
axe = pytest.importorskip(
    "axe_playwright_python.sync_playwright", reason="pip install --group test"
)
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(not CHROMIUM, reason="apt install chromium")

SIZES = {"phone": (390, 844), "desktop": (1280, 800)}
CLASS = """\
Class 8B;;;;
Name;Form;Test 1 /20;Test 2;Extra support;failed classes
Ana;A;11,5;12;oui;0
Bruno;B;7;6;non;1
Carla;A;15;16;non;0
Dan;B;EX;9;non;0
Average;;11,2;10,8;;
"""
CANVAS = """\
Student,ID,SIS User ID,Section,Quiz 1 (90101),Quiz 2 (90102),Quiz 3 (90103),Attendance
    Points Possible,,,,10,10,10,100
"Lovelace, Ada",1,a1,S1,9,8,10,96
"Babbage, Charles",2,c1,S1,3,4,2,41
"Student, Test",3,t1,S1,0,0,0,0
"""
MOODLE = """\
First name,Surname,Email address,Quiz: Reading score (Real),Quiz: Writing score (Real)
Ada,Lovelace,ada@example.org,88.00,91.00
Charles,Babbage,charles@example.org,-,47.00
Grace,Hopper,grace@example.org,71.00,66.00
"""


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


def opened(browser, site, size="desktop", **options):
    width, height = SIZES[size]
    context = browser.new_context(viewport={"width": width, "height": height}, **options)
    page = context.new_page()
    page.complaints = []
    # The browser reports the answer to a wrong form too, and a download: these are meant.
    meant = ("status of 4", "Cross-Origin-Opener-Policy header has been ignored")
    page.on("console", lambda m: any(t in m.text for t in meant) or page.complaints.append(m.text))
    # What is still on its way when the page is left was not refused.
    aborted = "net::ERR_ABORTED"
    page.on("requestfailed", lambda r: r.failure == aborted or page.complaints.append(r.url))
    page.elsewhere = []
    hosts = (site, site.replace("127.0.0.1", "school.test"))
    page.on("request", lambda r: r.url.startswith(hosts) or page.elsewhere.append(r.url))
    return page


@pytest.fixture(params=SIZES)
def page(request, browser, site):
    """A browser without JavaScript, that must reach nothing else and complain of nothing."""
    page = opened(browser, site, request.param, java_script_enabled=False)
    yield page
    assert page.elsewhere == []
    assert page.complaints == []
    page.context.close()


@pytest.fixture
def a_list(tmp_path):
    def write(text, name="8b.csv"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


def put_in(page, site, model, path):
    page.goto(f"{site}/models/{model}/class")
    page.get_by_label("A file").set_input_files(path)
    page.get_by_role("button", name="Go on").click()


def names(page):
    rows = page.locator("table.class").first.locator("tbody th a")
    return rows.all_inner_texts()


def fits(page):
    """Whether nothing is cut off at the side: of the page, or of the list of students in it."""
    wide = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    list_fits = page.evaluate(
        "[...document.querySelectorAll('table.class')]"
        ".every(one => one.scrollWidth <= one.parentElement.clientWidth)"
    )
    return wide[0] <= wide[1] and list_fits


def test_from_a_file_to_a_list_of_names_and_back(page, site, a_list, tmp_path):
    page.goto(site)
    page.get_by_role("link", name="A class list").first.click()
    page.get_by_label("A file").set_input_files(a_list(CLASS))
    page.get_by_role("button", name="Go on").click()
    # What was guessed: names of columns, a total, a word.
    assert page.get_by_label("First-period grade", exact=False).first.input_value() == ":Test 1 /20"
    assert page.get_by_label("oui", exact=True).input_value() == "yes"
    page.get_by_role("button", name="Show the class").click()
    # One cell stands for no mark: it is named by row and column, with what is allowed.
    alert = page.get_by_role("alert").inner_text()
    assert "Row 6, Dan: First-period grade: EX is not a number" in alert
    page.get_by_label("Words in your list that stand for no mark").fill("EX")
    page.get_by_label("Pass mark", exact=True).fill("11")
    page.get_by_role("button", name="Show the class").click()

    assert names(page)[0] == "Bruno"
    assert sorted(names(page)) == ["Ana", "Bruno", "Carla"]
    assert "Check the data first" in page.get_by_role("main").inner_text()  # Dan has no first mark
    assert fits(page)
    page.get_by_role("link", name="Bruno").click()
    assert "pass from 11" in page.get_by_role("main").inner_text()
    page.get_by_role("link", name="Back to the class").click()
    with page.expect_download() as started:
        page.get_by_role("link", name="Excel file").click()
    answered = tmp_path / "answered.xlsx"
    started.value.save_as(answered)

    put_in(page, site, "secondary-mathematics", answered)
    assert "5 students" not in page.get_by_role("main").inner_text()
    page.get_by_label("Words in your list that stand for no mark").fill("EX")
    page.get_by_role("button", name="Show the class").click()
    assert names(page)[0] == "Bruno"
    page.get_by_role("button", name="Forget this now").click()
    page.goto(f"{site}/class")
    assert "no class list here" in page.get_by_role("main").inner_text()


def test_a_required_column_that_is_missing_is_named(page, site, a_list):
    put_in(page, site, "secondary-mathematics", a_list("Name,Test 1\nAna,12\nBea,9\n"))
    page.get_by_role("button", name="Show the class").click()
    assert "G2" in page.get_by_role("alert").inner_text()


def test_a_canvas_export_is_read_as_it_is(page, site, a_list):
    put_in(page, site, "course-outcome", a_list(CANVAS, "canvas.csv"))
    assert page.get_by_label("Quiz 1: out of").input_value() == "10"
    page.get_by_role("button", name="Show the class").click()
    assert names(page) == ["Babbage, Charles", "Lovelace, Ada"]
    assert "Groups:" in page.get_by_role("main").inner_text()


def test_a_moodle_export_is_read_as_it_is(page, site, a_list):
    put_in(page, site, "exam-scores-followup", a_list(MOODLE, "moodle.csv"))
    page.get_by_role("button", name="Show the class").click()
    # Three of five fields are not in the export, so each answer is doubted.
    text = page.get_by_role("main").inner_text()
    assert "Check the data first" in text
    assert text.index("Hopper") < text.index("Lovelace")  # no pass mark: by score


@pytest.mark.parametrize("model", ["exam-factors", "exam-scores", "study-hours", "course-outcome"])
def test_the_example_list_of_every_system_goes_through(page, site, model, tmp_path):
    page.goto(f"{site}/models/{model}/class")
    with page.expect_download() as started:
        page.get_by_role("link", name="An example list").click()
    started.value.save_as(tmp_path / "example.csv")
    put_in(page, site, model, tmp_path / "example.csv")
    if page.get_by_label("Pass mark", exact=True).count():
        page.get_by_label("Pass mark", exact=True).fill("60")
    page.get_by_role("button", name="Show the class").click()
    assert page.locator("table.class tbody tr").count() == 12
    assert "Demonstration" in page.get_by_role("main").inner_text()
    assert fits(page)


def test_last_years_list_shows_whether_it_works_here(page, site, a_list):
    rows = "".join(f"S{i};{4 + i % 13};{4 + i % 13};{3 + i % 13}\n" for i in range(40))
    page.goto(f"{site}/models/secondary-mathematics/class")
    page.get_by_label("Last year's list, with results").check()
    page.get_by_label("A file").set_input_files(a_list("Name;Mark 1;Mark 2;End\n" + rows))
    page.get_by_role("button", name="Go on").click()
    page.get_by_label("The results at the end of last year").select_option(":End")
    page.get_by_role("button", name="Show the class").click()
    text = page.get_by_role("main").inner_text()
    failed = sum(3 + i % 13 < 10 for i in range(40))
    assert re.search(rf"Of {failed} who failed, 8 were among the first 8 of 40", text)
    assert "Your own rule: Second-period grade" in text


def test_two_lists_show_who_moved(page, site, a_list):
    first = "Name,Test 1,Test 2\nAna,8,7\nBea,14,15\n"
    put_in(page, site, "secondary-mathematics", a_list(first))
    page.get_by_role("button", name="Show the class").click()
    later = a_list(first.replace("Ana,8,7", "Ana,8,13"), "may.csv")
    page.get_by_label("A later list of the same class").set_input_files(later)
    page.get_by_role("button", name="Compare").click()
    moved = page.get_by_role("heading", name="Who moved since 8b.csv").locator("..").inner_text()
    assert "Ana" in moved
    assert "Bea" not in moved


def test_the_form_answers_and_tells_what_a_change_does(page, site):
    page.goto(f"{site}/models/secondary-mathematics")
    page.get_by_label("First-period grade").fill("25")
    page.get_by_label("Second-period grade").fill("11,5")
    page.get_by_role("button", name="Predict").click()
    alert = page.get_by_role("alert").inner_text()
    assert "First-period grade: 25 is out of bounds. Allowed: 0 to 20 points." in alert
    assert page.get_by_label("First-period grade").input_value() == "25"
    page.get_by_label("First-period grade").fill("13/20")
    page.get_by_label("Study time a week").select_option("2 to 5 hours")
    page.get_by_role("button", name="Predict").click()
    assert "Final grade: 12 points of 20" in page.get_by_role("status").inner_text()
    page.get_by_label("Second-period grade").fill("8")
    page.get_by_role("button", name="Predict").click()
    assert re.search(r"before 12, now \d", page.get_by_role("status").inner_text())
    assert fits(page)


def test_a_form_is_accepted_under_a_name_of_the_local_network(page, site, a_list):
    put_in(page, site.replace("127.0.0.1", "school.test"), "course-outcome", a_list(CANVAS))
    assert "Which column is what?" in page.get_by_role("main").inner_text()


def test_the_keyboard_alone_sends_the_form(page, site):
    page.goto(f"{site}/models/study-hours")
    page.get_by_label("Previous grade").fill("200")
    page.get_by_label("Previous grade").press("Enter")
    assert "Previous grade: 200 is out of bounds" in page.get_by_role("alert").inner_text()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_no_page_has_a_fault_of_accessibility(browser, site, a_list, scheme, size):
    page = opened(browser, site, size, color_scheme=scheme, bypass_csp=True)

    def look():
        found = axe.Axe().run(page).response["violations"]
        told = [(one["id"], [node["html"] for node in one["nodes"][:3]]) for one in found]
        assert told == [], page.url
        assert fits(page), page.url

    for path in ("/", "/models/secondary-mathematics/card", "/models/exam-factors", "/class"):
        page.goto(f"{site}{path}")
        look()
    page.goto(f"{site}/models/secondary-mathematics/class")
    look()
    page.get_by_role("button", name="Go on").click()  # without a file
    look()
    put_in(page, site, "secondary-mathematics", a_list(CLASS))
    look()
    page.get_by_role("button", name="Show the class").click()
    look()
    page.get_by_role("button", name="Go on without").click()
    look()
    page.get_by_role("link", name="Bruno").click()
    look()
    page.goto(f"{site}/models/secondary-mathematics")
    for first in ("25", "12"):
        page.get_by_label("First-period grade").fill(first)
        page.get_by_label("Second-period grade").fill("11")
        page.get_by_role("button", name="Predict").click()
        look()
    page.context.close()
