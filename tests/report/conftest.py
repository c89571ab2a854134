"""One browser for all tests of pages."""

import shutil

import pytest


@pytest.fixture(scope="package")
def browser(tmp_path_factory):
    """Headless Chromium, which saves into a folder `saved`; where there is none, the tests are skipped."""
    webdriver = pytest.importorskip("selenium.webdriver")
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    driver = shutil.which("chromedriver")
    if not chromium or not driver:
        pytest.skip("needs chromium and chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--window-size=1200,1000"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    made = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
    made.set_script_timeout(600)  # axe-core, on a machine that does much else
    made.saved = tmp_path_factory.mktemp("saved")
    made.execute_cdp_cmd(
        "Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(made.saved)}
    )
    yield made
    made.quit()
