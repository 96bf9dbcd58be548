"""The report of a comparison: what stands in the page, and what a browser without a network shows of it."""

import html
import json
import re
import shutil

import numpy as np
import pytest

from plastenv.evaluation.comparison import Comparison, schedules
from plastenv.evaluation.ensemble import Ensemble
from plastenv.evaluation.rollout import Schedule
from plastenv.patients.cohort import Patients
from plastenv.report.battery import write_page
from plastenv.report.comparison import comparison_page, deepest, lanes, points, scale, treated
from plastenv.therapy.protocol import load

OPENED = """
name: opened
title: Open <b>first</b> & "train"
source: </script><script>alert(1)</script>
entries:
  - {intervention: rapid-opener, days: "1, 4", hour: 9, dose: 1.5}
  - {intervention: extinction-training, days: 2-3, hour: 10, repeats: 2, every: 3 h}
"""
TRAINED = "name: training-spaced\nentries:\n  - {intervention: extinction-training, days: 2-9 except 5}\n"
COMMAND = "plastenv compare 'my own.yaml' --seed 7"
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@pytest.fixture(scope="module")
def compared(easy, tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    files = []
    for text in (OPENED, TRAINED):
        files.append(folder / f"{len(files)}.yaml")
        files[-1].write_text(text, "utf-8")
    comparison = Comparison(easy, "train", range(16), 7, Patients(easy.recipe, "train").hash)
    for schedule in schedules(files, easy):
        comparison.add(schedule)
    comparison.ensemble = Ensemble(folder, "train", range(16), 7)
    ranked = comparison.ranked()
    places = {name: float(place) for place, name in enumerate(ranked)}
    comparison.ensemble.scores = [places, *[{name: -place for name, place in places.items()}] * 2]
    write_page(comparison_page(comparison, COMMAND), folder / "report.html")
    return comparison, folder / "report.html"


def figures(path) -> dict:
    return json.loads(re.search(r'id="data">(.*?)</script>', path.read_text("utf-8"), re.DOTALL)[1])


def test_the_page_stands_alone_and_escapes_what_a_file_says(compared):
    text = compared[1].read_text("utf-8")
    assert text.count("plotly.js v") == 1
    own = re.sub(r"<script>/\*\*.*?</script>", "", text, count=1, flags=re.DOTALL)
    assert len(own) < 300_000
    assert not re.findall(r'(?:src|href)="(?!#)', own) and "@import" not in own and "url(" not in own
    assert "<b>first</b>" not in own and "alert(1)" in own and "<script>alert" not in own
    assert html.escape(COMMAND, quote=True).replace("&#x27;", "&#39;") in own


def test_the_page_says_what_results_say(compared):
    comparison, path = compared
    text, results = path.read_text("utf-8"), comparison.results()
    assert results["task_hash"] in text and "train 0 to 15" in text and "7 to 22" in text
    for row in results["schedules"]:
        score = row["score"]
        assert f"<strong>{points(score['mean'])}</strong>" in text
        assert f"{points(score['low'])} to {points(score['high'])}" in text
        assert 0.0 <= row["response_followup"]["low"] <= row["response_followup"]["mean"]
        over = {entry["over"] for entry in row["needed_to_treat"]}
        assert over == {"untreated", "training-spaced"} - {row["name"]}
        for entry in row["needed_to_treat"]:
            assert treated(entry)[0] in text


def test_figures_are_drawn_from_the_outcomes_and_their_trace(compared):
    comparison, path = compared
    data, results = figures(path), comparison.results()
    assert data["names"] == [row["name"] for row in results["schedules"]]
    assert data["differences"] == results["differences"]
    for name, outcome in comparison.outcomes.items():
        assert data["scores"][name] == pytest.approx(outcome.score, rel=1e-3)
        seen = dict(zip(data["day"], zip(*data["courses"][name]["function"], strict=True), strict=True))
        midnights = [seen[day] for day in range(comparison.scenario.horizon_days + 1)]
        assert [each[1] for each in midnights] == pytest.approx(np.median(outcome.course, 0), rel=1e-3)
        assert all(low <= middle <= high for low, middle, high in midnights)
        assert seen[0.5][1] is None and seen[data["followup"]][1] == pytest.approx(
            np.median(outcome.function_followup), rel=1e-3
        )
        assert all(value is not None for line in data["courses"][name]["bdnf"] for value in line)
    assert [each["name"] for each in data["observables"]] == [e["observable"] for e in data["responders"]["opened"]]


def test_timelines_tell_times_and_doses_and_policies_have_none(easy, tmp_path):
    path = tmp_path / "opened.yaml"
    path.write_text(OPENED, "utf-8")
    drug, training = lanes(Schedule("opened", "", "", protocol=load(path, 14)), 14)
    assert (drug.name, drug.kind, len(drug.marks)) == ("rapid-opener", "drug", 2)
    assert drug.times == ["days 1, 4, 09:00, dose 1.5"]
    assert training.times == ["days 2–3, 10:00, 60 min, dose 1", "days 2–3, 13:00, 60 min, dose 1"]
    assert training.marks[0].left == pytest.approx(100 * (1 + 10 / 24) / 14, abs=1e-3)
    assert lanes(Schedule("random", "", ""), 14) == []


def test_numbers_are_written_for_readers():
    assert points(-0.04) == "0.0" and points(-3.21) == "−3.2" and points(2.0, signed=True) == "+2.0"
    shown = {"number": 2.5, "gain": {"mean": 0.4, "low": 0.2, "high": 0.5}}
    assert treated(shown) == ("2.5", "2.0 to 5.0")
    assert treated({"number": -2.5, "gain": {"low": -0.5, "high": -0.2}}) == ("harms 1 in 2.5", "2.0 to 5.0")
    assert treated({"number": None, "gain": {"low": -0.5, "high": 0.2}})[0] == "not shown"
    rows = [{"score": {"low": -212.0, "high": -130.0}}, {"score": {"low": -3.0, "high": 91.0}}]
    assert scale(rows) == (-60.0, 100.0) and scale(rows[1:]) == (-10.0, 100.0)
    assert deepest([{"depth": {"before": [0.02, 0.05, 0.13]}}]) == pytest.approx(0.3)


@pytest.fixture(scope="module")
def browser():
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine; apt-get install chromium brings one")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        running = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])  # root has no sandbox
        yield running
        running.close()


BOXES = ".cards li, .ranking li, .chips button, .panels figure, article, .picks label"
OVERLAPS = """(boxes) => {
  const all = [...document.querySelectorAll(boxes)].filter((each) => each.offsetParent);
  const meet = (a, b, from, to) => Math.min(a[to], b[to]) - Math.max(a[from], b[from]) > 1;
  const overlap = (one, other) => {
    const a = one.getBoundingClientRect(), b = other.getBoundingClientRect();
    return meet(a, b, 'left', 'right') && meet(a, b, 'top', 'bottom') && !one.contains(other) && !other.contains(one);
  };
  return all.flatMap((one, k) => all.slice(k + 1).filter((other) => overlap(one, other))
    .map((other) => one.textContent + ' / ' + other.textContent));
}"""
SPILLS = """() => [...document.querySelectorAll('main *, header *')]
  .filter((each) => !each.closest('.scroll, pre, .plot, .axis') && each.getBoundingClientRect().right > innerWidth + 1)
  .map((each) => each.outerHTML.slice(0, 120))"""
LINES = "(id) => document.getElementById(id).data.filter((each) => each.line?.width).map((each) => each.name)"
MARKS = "() => document.getElementById('plot-pair').data.flatMap((each) => each.y)"


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_browser_without_network_shows_it_whole_and_answers_clicks(compared, browser, width, scheme):
    comparison, path = compared
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, offline=True)
    page = context.new_page()
    problems, asked = [], []
    page.on("console", lambda message: problems.append(message.text))
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(path.as_uri())
    page.wait_for_function("document.querySelectorAll('.plot .main-svg').length >= 13")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(SPILLS) == [] and page.evaluate(OVERLAPS, BOXES) == []
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (background == "rgb(255, 255, 255)") == (scheme == "light")

    best, second, worst = comparison.ranked()
    scores = {name: outcome.score for name, outcome in comparison.outcomes.items()}
    assert sorted(page.evaluate(MARKS)) == pytest.approx(sorted(scores[best] - scores[second]), abs=0.1)
    entry = page.locator("#plot-pair .legend .traces").first.bounding_box()
    assert entry
    page.mouse.click(entry["x"] + entry["width"] / 2, entry["y"] + entry["height"] / 2)
    page.wait_for_timeout(500)  # a figure waits for a second click
    assert page.locator("#plot-pair .scatterlayer .point").count() == len(scores[best])  # the legend hides no patient
    page.select_option("#pick-b", worst)
    assert sorted(page.evaluate(MARKS)) == pytest.approx(sorted(scores[best] - scores[worst]), abs=0.1)
    mean = float(np.mean(scores[best] - scores[worst]))
    assert f"{best} scores {mean:.1f} points above {worst}" in page.inner_text("#pair-words")
    assert "The mean of A is the higher in 2 of 3 other parameter sets" in page.inner_text("#pair-words")
    page.select_option("#pick-a", worst)
    page.select_option("#pick-b", best)
    assert f"{worst} scores {mean:.1f} points below {best}" in page.inner_text("#pair-words")
    assert "The mean of A is the higher in 1 of 3 other parameter sets" in page.inner_text("#pair-words")

    for panel in ("plot-symptoms", "plot-late_own"):
        assert set(page.evaluate(LINES, panel)) == set(scores)
    drawn = page.locator("#plot-nets .scatterlayer .js-line").count()
    chip = page.locator("#legend button", has_text=best)
    chip.click()
    assert chip.get_attribute("aria-pressed") == "false"
    for panel in ("plot-symptoms", "plot-late_own"):
        assert set(page.evaluate(LINES, panel)) == set(scores) - {best}
    assert page.locator("#plot-nets .scatterlayer .js-line").count() < drawn
    page.click("[data-show=none]")
    assert page.evaluate(LINES, "plot-bdnf") == []
    page.click("[data-show=pair]")
    assert set(page.evaluate(LINES, "plot-bdnf")) == {best, worst}

    before = page.inner_text("#responders-words")
    page.select_option("#pick-observable", "bdnf")
    assert "higher bdnf" in page.inner_text("#responders-words") != before
    assert problems == [] and asked == [path.as_uri()]
    context.close()
