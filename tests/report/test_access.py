"""The report for everybody: on a phone, in the dark, by keys, to a screen reader, on paper."""

from importlib.util import find_spec
from pathlib import Path

import pytest
from tests.report.browser import (
    active,
    check_clean,
    choose,
    emulate,
    opened,
    press,
    rows,
    tap,
    wait,
)  # fmt: skip
from tests.report.stores import fill, zoo

from symmeter.report.store.page import report
from symmeter.sweeps.store import Store

PHONE, DESK = 390, 1400
WHOLE = "/very/long/path/to/checkpoints/of/the/group/2026-11/resnet_8/epoch_090.safetensors"
SHORT = "/very/long/…/resnet_8/epoch_090.safetensors"


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    folder = tmp_path_factory.mktemp("access")
    store = fill(Store(folder / "My zoo", create=True), zoo(14))
    store.fail("f" * 32, {"label": WHOLE.replace("8", "99"), "failure": "time", "reason": "not done in 3 s"})
    return report(store, folder / "r.html")


@pytest.fixture
def page(browser, path):
    """The page on a phone; a test may change the screen before it looks."""
    emulate(browser, PHONE)
    browser.get_log("browser"), browser.get_log("performance")
    opened(browser, path)
    yield browser
    emulate(browser)
    check_clean(browser, path)


def faults(browser):
    """What axe-core finds against WCAG 2.2 AA and its own best practices: rules with the elements that break them."""
    package = find_spec("axe_playwright_python")
    if package is None:
        pytest.skip("needs axe-playwright-python")
    browser.execute_script((Path(package.origin).parent / "axe.min.js").read_text())
    kinds = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    found = browser.execute_async_script(
        "axe.run(document, {runOnly: arguments[0], resultTypes: ['violations']}).then(arguments[1])", kinds
    )
    assert len(found["passes"]) > 20  # rules that had something to look at
    return {rule["id"]: [node["html"][:200] for node in rule["nodes"]] for rule in found["violations"]}


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [PHONE, DESK])
def test_axe_finds_nothing(page, width, scheme):
    emulate(page, width, scheme)
    wait(page, "return document.documentElement.dataset.theme === arguments[0]", scheme)
    page.execute_script("document.querySelector('#figures summary').click()")
    wait(page, "return document.querySelector('#figures details tbody tr')")
    assert faults(page) == {}


PLANTED = {
    "image-alt": "<img src='data:,'>",
    "color-contrast": "<p style='color: #999; background: #fff'>words that are hard to see</p>",
    "button-name": "<button></button>",
    "label": "<input>",
    "target-size": "<div><button style='all: unset; width: 9px; height: 9px' aria-label='a'></button><button style='all: unset; width: 9px; height: 9px' aria-label='b'></button></div>",
    "heading-order": "<h6>a heading out of order</h6>",
}  # fmt: skip


@pytest.mark.slow
def test_axe_finds_what_is_planted(page):
    page.execute_script(
        "document.getElementById('findings').innerHTML += arguments[0]", "".join(PLANTED.values())
    )
    assert set(faults(page)) == set(PLANTED)


def test_nothing_is_cut_on_a_phone(page):
    assert page.execute_script("return document.scrollingElement.scrollWidth") == PHONE
    cut = page.execute_script(
        "return [...document.querySelectorAll('body *')].filter(n => n.getClientRects().length && !n.closest('.skip, .unseen'))"
        ".filter(n => { const r = n.getBoundingClientRect(); return r.right > innerWidth + 1 || r.left < -1; }).map(n => n.outerHTML.slice(0, 120))"
    )
    assert cut == []
    assert page.execute_script("return document.getElementById('ranked').classList.contains('stacked')")
    small = page.execute_script(
        "return [...document.querySelectorAll('button, select, input, summary, nav a, #models thead th')].map(n => [n.outerHTML.slice(0, 120), n.getBoundingClientRect()])"
        ".filter(([words, r]) => r.width && (r.height < 24 || r.width < 24)).map(([words]) => words)"
    )
    assert small == []
    emulate(page, DESK)
    wait(page, "return !document.querySelector('.stacked')")


def test_a_phone_filters_sorts_and_compares_by_touch(page):
    said = "return document.querySelector('.dt-info[role=status], .dt-info[aria-live]').innerText"
    assert page.execute_script(said) == "Models 1 to 10 of 14"
    tap(page, "#models button[data-tag='width'][data-value='wide']")
    wait(page, "return document.querySelector('select[data-tag=width]').value === 'wide'")
    assert page.execute_script(said) == "Models 1 to 7 of 7 (of 14 in all)"
    assert all("width: wide" in row[10] for row in rows(page))
    choose(page, "filter-weights", "trained")
    assert len(rows(page)) == 4 and all(row[8] != "untrained" for row in rows(page))
    tap(page, "#models thead th:nth-child(6)")
    wait(page, "return document.querySelector('#models thead th:nth-child(6)').ariaSort === 'ascending'")
    accuracies = [float(row[5]) for row in rows(page)]
    assert accuracies == sorted(accuracies)
    tap(page, "#clear")
    wait(page, f"{said} === 'Models 1 to 10 of 14'")
    tap(page, "#models button.name")
    name = wait(
        page,
        "const h = document.querySelector('#details h3'); return document.activeElement.id === 'chosen' && h.textContent",
    )
    assert name == page.execute_script("return document.querySelector('#models button.name').title")
    choose(page, "left", WHOLE)
    first = "return document.querySelector('#comparison tbody tr td')"
    assert page.execute_script(f"{first}.dataset.label") == SHORT
    assert page.execute_script("return document.getElementById('said').textContent").startswith(WHOLE)
    assert page.execute_script("return document.scrollingElement.scrollWidth") == PHONE


def test_all_is_done_by_keys(page):
    from selenium.webdriver.common.keys import Keys

    emulate(page, DESK)
    press(page, Keys.TAB)
    assert active(page, "className") == "skip" and active(page, "getBoundingClientRect().left") >= 0
    press(page, Keys.ENTER)
    wait(page, "return document.activeElement.id === 'main'")
    page.execute_script("document.getElementById('save-csv').focus()")
    press(page, Keys.TAB)
    assert active(page, "tagName") == "INPUT"
    press(page, "resnet", Keys.TAB)
    wait(page, "return document.querySelector('.dt-info').innerText.startsWith('Models 1 to 7')")
    assert "model" in active(page, "ariaLabel")
    press(page, Keys.ENTER)
    order = "return document.querySelector('#models thead th').ariaSort"
    assert wait(page, order) == "ascending"
    outline = page.execute_script("return getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"
    press(page, *[Keys.TAB] * 10)
    assert active(page, "className") == "name"
    chosen = active(page, "title")
    press(page, Keys.ENTER)
    assert active(page, "id") == "chosen" and active(page, "value") == chosen
    press(page, Keys.ARROW_DOWN)
    assert active(page, "value") != chosen
    heading = page.execute_script("return document.querySelector('#details h3').textContent")
    assert heading == active(page, "value")
    page.execute_script("document.querySelector('#models button.tag').focus()")
    press(page, Keys.SPACE)
    assert active(page, "tagName") == "SELECT" and active(page, "value") == "none"


def test_the_page_is_as_dark_as_the_system_and_untrained_points_stay_visible(page):
    for scheme, paper in (("dark", (21, 24, 28)), ("light", (255, 255, 255))):
        emulate(page, PHONE, scheme)
        wait(page, "return document.documentElement.dataset.theme === arguments[0]", scheme)
        ink = {"dark": "#e8eaed", "light": "#1b1f24"}[scheme]
        wait(
            page,
            "return document.querySelector(`#figures figure:last-child .role-axis-label text[fill='${arguments[0]}']`)",
            ink,
        )
        points = page.execute_script(
            "return [...document.querySelectorAll('#figures figure:first-child .mark-symbol.role-mark path')].map(p => {"
            "const s = getComputedStyle(p); return [s.stroke, +s.fillOpacity, +s.strokeOpacity * +s.opacity]; })"
        )
        assert sorted({fill for _, fill, _ in points}) == [0, pytest.approx(0.85)]
        assert len([1 for _, fill, _ in points if fill == 0]) == 3
        for stroke, _, opacity in points:
            colour = [int(part) for part in stroke[4:-1].split(",")]
            seen = [opacity * a + (1 - opacity) * b for a, b in zip(colour, paper, strict=True)]
            assert contrast(seen, paper) >= 3, (scheme, stroke, opacity)


def contrast(one, other):
    """Of two colours, by WCAG."""
    linear = lambda x: x / 255 / 12.92 if x <= 10 else ((x / 255 + 0.055) / 1.055) ** 2.4
    light = sorted(
        sum(w * linear(x) for w, x in zip((0.2126, 0.7152, 0.0722), colour, strict=True))
        for colour in (one, other)
    )
    return (light[1] + 0.05) / (light[0] + 0.05)


def test_long_names_are_short_and_whole_on_hover(page):
    name = page.execute_script(
        "const b = [...document.querySelectorAll('#models button.name')].find(b => b.title === arguments[0]);"
        "return [b.textContent, b.ariaLabel]", WHOLE
    )  # fmt: skip
    assert name == [SHORT, WHOLE]
    choose(page, "chosen", WHOLE)
    assert page.execute_script("return document.querySelector('#details h3').textContent") == WHOLE
    failed = "const a = document.querySelector('#failures abbr'); return [a.textContent, a.title]"
    assert page.execute_script(failed) == [SHORT.replace("8", "99"), WHOLE.replace("8", "99")]
    findings = "return [...document.querySelectorAll('#findings abbr')].map(a => a.title)"
    assert page.execute_script(findings) != []


def test_files_say_what_they_are(page):
    emulate(page, DESK, "dark")
    wait(page, "return document.documentElement.dataset.theme === 'dark'")
    stem = "symmeter-my-zoo-stability-against-accuracy-lee-translation-x"
    for kind in ("SVG", "PNG", "CSV"):
        page.execute_script(
            "[...document.querySelectorAll('#figures figure:first-child button')].find(b => b.innerText === arguments[0]).click()", kind
        )  # fmt: skip
        file = page.saved / f"{stem}.{kind.lower()}"
        wait(page, "return true") and until(file.exists)
    svg = (page.saved / f"{stem}.svg").read_text()
    assert "stability against accuracy: lee, translation_x" in svg
    assert "#1b1f24" in svg and "#e8eaed" not in svg  # for paper, in the dark too
    assert (page.saved / f"{stem}.png").read_bytes()[:4] == b"\x89PNG"
    head, *lines = (page.saved / f"{stem}.csv").read_text().splitlines()
    assert len(lines) == 14 and '"tag_augmentation","tag_seed"' in head and "short" not in head


def until(there, tries=400):
    from time import sleep

    while not there():
        tries -= 1
        assert tries, "no such file was saved"
        sleep(0.05)


def test_charts_say_what_they_show_and_have_their_numbers_beside_them(page):
    said = page.execute_script("return document.querySelector('#figures .chart').ariaLabel")
    assert said.startswith("stability against accuracy, lee, translation_x, of 14 models: accuracy from 0.")
    words = "return [...document.querySelectorAll('#figures svg text')].map(t => t.textContent)"
    shown = page.execute_script(words)
    assert "architecture (untrained: hollow)" in shown and not any("…" in text for text in shown)
    page.execute_script("document.querySelector('#figures summary').click()")
    numbers = wait(page, "return document.querySelector('#figures details tbody')?.rows.length")
    assert numbers == 14
    heads = "return [...document.querySelectorAll('#figures details thead th')].map(t => t.textContent)"
    assert page.execute_script(heads) == ["model", "accuracy", "stability", "training"]


def test_on_paper_it_is_dark_on_white_and_without_controls(page):
    emulate(page, DESK, "dark", "print")
    wait(page, "return document.documentElement.dataset.theme === 'dark'")
    assert (
        page.execute_script("return getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    )
    shown = "return [...document.querySelectorAll('nav, #filters, .files, .choice, .dt-paging')].filter(n => n.offsetParent).length"
    assert page.execute_script(shown) == 0
    text = "return getComputedStyle(document.querySelector('#figures svg text')).fill"
    assert page.execute_script(text) == "rgb(0, 0, 0)"
    assert len(page.execute_cdp_cmd("Page.printToPDF", {})["data"]) > 10_000
