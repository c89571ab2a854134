"""One browser for all tests of pages."""

import pytest
from tests.browser import chromium


@pytest.fixture(scope="package")
def browser(tmp_path_factory):
    """Headless Chromium, which saves into a folder `saved`; where there is none, the tests are skipped."""
    made = chromium()
    made.saved = tmp_path_factory.mktemp("saved")
    made.execute_cdp_cmd(
        "Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(made.saved)}
    )
    yield made
    made.quit()
