"""The site of the docs: it builds without a warning, loads nothing from outside, is found by its search, and is accessible."""

import json
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from filelock import FileLock
from selenium.webdriver.support.ui import WebDriverWait
from tests.browser import chromium

ROOT = Path(__file__).resolve().parents[1]
LOADED = {
    "script": "src",
    "link": "href",
    "img": "src",
    "source": "src",
    "iframe": "src",
    "video": "src",
    "object": "data",
}
PAGES = ["index", "api", "mathematics", "gallery", "command-line", "tutorials/images", "tutorials/sweeps"]
WIDTHS = (390, 768, 1400)
pytestmark = pytest.mark.slow


class Page(HTMLParser):
    """What a page loads, and where its links lead."""

    def __init__(self, text):
        super().__init__()
        self.loaded, self.links = [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        if LOADED.get(tag) in found:
            self.loaded.append(found[LOADED[tag]])
        if tag == "a" and found.get("href"):
            self.links.append(found["href"])


def outside(text):
    """What a page would load from elsewhere."""
    return [url for url in Page(text).loaded if re.match(r"(?:[a-z]+:)?//", url or "")]


def styles_outside(text):
    """What a style sheet would load from elsewhere."""
    return re.findall(r"(?:url\(|@import)\s*[\"']?((?:https?:)?//[^\"')]+)", text)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The site, made once for all processes, from what `make docs` has read; notebooks that were run are not run again."""
    if find_spec("sphinx") is None:
        pytest.skip("needs sphinx")
    base = tmp_path_factory.getbasetemp()
    made = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "site"
    command = [sys.executable, "-m", "sphinx", "-b", "html", "-W", "--keep-going", "-n", "-q", "-j", "8"]
    command += ["-d", ROOT / "build" / "docs" / ".doctrees", ROOT / "docs", made]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    with FileLock(made.with_suffix(".lock")):
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return made


@pytest.fixture(scope="module")
def browser():
    """Headless Chromium; where there is none, the tests are skipped."""
    made = chromium()
    yield made
    made.quit()


def open_page(browser, site, page, mode="light", width=1400):
    """A page of the site in one of its colours, so many pixels wide."""
    size = {"width": width, "height": 1000, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    address = (site / f"{page}.html").as_uri()
    browser.get(address)
    browser.execute_script(
        "localStorage.setItem('mode', arguments[0]); localStorage.setItem('theme', arguments[0])", mode
    )
    browser.get(address)
    assert browser.execute_script("return document.documentElement.dataset.theme") == mode


# ---- the files


def test_every_page_is_reached_from_the_first(site):
    seen, left = set(), [site / "index.html"]
    while left:
        page = left.pop()
        if page in seen:
            continue
        seen.add(page)
        for link in Page(page.read_text()).links:
            parts = urlsplit(link)
            if not parts.scheme and parts.path.endswith(".html"):
                left.append((page.parent / unquote(parts.path)).resolve())
    assert all(page.exists() for page in seen)
    unseen = {page.relative_to(site).as_posix() for page in set(site.rglob("*.html")) - seen}
    assert {page for page in unseen if not page.startswith("_static/")} == {"genindex.html", "search.html"}


def test_links_to_places_in_pages_find_them(site):
    names = {page: set(re.findall(r'\bid="([^"]+)"', page.read_text())) for page in site.rglob("*.html")}
    for page in names:
        for link in Page(page.read_text()).links:
            parts = urlsplit(link)
            target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
            if not parts.scheme and parts.fragment and target in names:
                assert unquote(parts.fragment) in names[target], f"{page.name}: {link}"


def test_nothing_is_loaded_from_outside(site):
    found = {page.name: outside(page.read_text()) for page in site.rglob("*.html")}
    assert {name: urls for name, urls in found.items() if urls} == {}
    assert [style.name for style in site.rglob("*.css") if styles_outside(style.read_text())] == []


@pytest.mark.parametrize(
    ("html", "found"),
    [
        ('<script src="https://a.example/x.js"></script>', 1),
        ('<link rel="stylesheet" href="//a.example/x.css">', 1),
        ('<img src="http://a.example/x.png">', 1),
        ('<a href="https://a.example">a link</a><img src="_images/x.png">', 0),
    ],
)
def test_what_comes_from_outside_is_noticed(html, found):
    assert len(outside(html)) == found


def test_a_style_sheet_that_loads_a_font_is_noticed():
    assert styles_outside('@import "https://a.example/x.css"; a { background: url(//a.example/x.png) }') != []
    assert styles_outside("a { background: url(x.png) }") == []


def test_no_output_names_a_place_of_the_machine_it_was_made_on(site):
    assert [page.name for page in site.rglob("*.html") if str(ROOT) in page.read_text()] == []


def test_figures_are_shown_and_described(site):
    for page in [site / "gallery.html", *(site / "tutorials").glob("*.html")]:
        text = page.read_text()
        assert "&lt;Figure size" not in text and "Axes:" not in text, page.name
        assert all(re.search(r'alt="[^"/]{20,}"', image) for image in re.findall(r"<img [^>]*>", text)), (
            page.name
        )


def test_formulas_are_drawn_without_a_script(site):
    page = (site / "mathematics.html").read_text()
    assert page.count("<math") > 20 and re.findall(r"<m\w+[^>]*>[^<]*\\[^<]*<", page) == []
    assert not any("mathjax" in url.lower() for url in Page(page).loaded)


# ---- in a browser


def pages_with(browser, site, word):
    """The pages that the search lists for a word, once it says how many there are."""
    browser.get((site / "search.html").as_uri() + f"?q={word}")
    summary = "return document.querySelector('#search-results p.search-summary')?.textContent ?? ''"
    listed = "return [...document.querySelectorAll('#search-results li a')].map(a => a.getAttribute('href'))"
    said = WebDriverWait(browser, 60).until(
        lambda _: re.search(r"found (\d+)|did not match", browser.execute_script(summary))
    )
    wanted = int(said[1] or 0)
    WebDriverWait(browser, 60).until(lambda _: len(browser.execute_script(listed)) >= wanted)
    return {link.split("#")[0] for link in browser.execute_script(listed)}


def test_the_search_works_from_a_file(site, browser):
    found = pages_with(browser, site, "specificity")
    assert {"controls.html", "tutorials/images.html"} <= found
    assert all((site / page).is_file() for page in found)
    assert pages_with(browser, site, "zyzzyvaword") == set()


@pytest.mark.parametrize("page", ["index", "mathematics", "tutorials/images"])
def test_a_page_asks_for_its_own_files_only(site, browser, page):
    browser.get_log("performance")
    open_page(browser, site, page)
    messages = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    asked = [m["params"]["request"]["url"] for m in messages if m["method"] == "Network.requestWillBeSent"]
    assert asked and all(url.startswith((site.as_uri(), "data:", "blob:")) for url in asked), asked
    assert [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"] == []


@pytest.mark.parametrize("page", PAGES)
def test_no_page_is_wider_than_the_screen(site, browser, page):
    for width in WIDTHS:
        open_page(browser, site, page, width=width)
        wider = browser.execute_script("return document.documentElement.scrollWidth - window.innerWidth")
        assert wider <= 0, f"{width} pixels"


def violations(browser):
    """What axe-core finds: the rule, and where."""
    module = find_spec("axe_playwright_python")
    if module is None:
        pytest.skip("needs axe-core")
    browser.execute_script((Path(module.origin).parent / "axe.min.js").read_text())
    start = "setTimeout(() => axe.run(document, {}).then(found => window.axeFound = found.violations))"
    browser.execute_script(start)
    WebDriverWait(browser, 600, 0.2).until(lambda b: b.execute_script("return window.axeFound !== undefined"))
    found = browser.execute_script("return window.axeFound")
    return [f"{one['id']}: {node['html'][:200]}" for one in found for node in one["nodes"]]


@pytest.mark.parametrize(("mode", "width"), [("light", 1400), ("dark", 390)])
@pytest.mark.parametrize("page", PAGES)
def test_every_page_is_accessible(site, browser, page, mode, width):
    open_page(browser, site, page, mode, width)
    assert violations(browser) == []


def test_what_is_not_accessible_is_noticed(browser, tmp_path):
    page = tmp_path / "bad.html"
    page.write_text(
        "<html><body><img src='x.png'><p style='color: #bbb; background: #fff'>pale</p></body></html>"
    )
    browser.get(page.as_uri())
    rules = {line.split(":")[0] for line in violations(browser)}
    assert {"image-alt", "color-contrast", "html-has-lang"} <= rules
