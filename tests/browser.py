"""A browser for tests of pages."""

import shutil

import pytest


def chromium(seconds_of_scripts=600):
    """Headless Chromium by selenium; where there is none, the test is skipped.

    Scripts have time: axe-core lets nothing else run while it looks at a long page.
    """
    webdriver = pytest.importorskip("selenium.webdriver")
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    driver = shutil.which("chromedriver")
    if not found or not driver:
        pytest.skip("needs chromium and chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = found
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--window-size=1200,1000"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    made = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
    made.set_script_timeout(seconds_of_scripts)
    return made
