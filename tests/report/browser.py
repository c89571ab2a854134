"""What a person does with a page in a browser."""

import json
import time

from tests.report.stores import fill, made_up

from symmeter.report.store.page import report
from symmeter.sweeps.store import Store


def wait(browser, script, *arguments, seconds=300):
    """What a script returns, once it is something; only a page that fails takes as long as `seconds`."""
    until = time.monotonic() + seconds
    while not (found := browser.execute_script(script, *arguments)):
        assert time.monotonic() < until, browser.get_log("browser")
        time.sleep(0.05)
    return found


def open_page(browser, folder, count, **kwargs):
    """A report of made-up models, opened and ready; what the log says of it is checked by `check_clean`."""
    path = report(fill(Store(folder / "s", create=True), made_up(count, **kwargs)), folder / "r.html")
    browser.get_log("browser"), browser.get_log("performance")
    opened(browser, path)
    return path


def opened(browser, path):
    """A page that is there, opened and ready."""
    browser.get(path.as_uri())
    wait(browser, "return document.body.dataset.ready")


def emulate(browser, width=None, scheme="light", media=""):
    """A screen so many pixels wide, the system's colours, and a medium; those of the window again without a width."""
    if width is None:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    else:
        size = {"width": width, "height": 844, "deviceScaleFactor": 1, "mobile": width < 600}
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": media, "features": features})
    browser.execute_cdp_cmd(
        "Emulation.setTouchEmulationEnabled", {"enabled": width is not None and width < 600}
    )


def check_clean(browser, path):
    """No error in the console, and nothing was asked for but the file itself and what is in it."""
    assert [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"] == []
    messages = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    asked = [m["params"]["request"]["url"] for m in messages if m["method"] == "Network.requestWillBeSent"]
    assert path.as_uri() in asked
    assert all(url == path.as_uri() or url.startswith(("blob:", "data:")) for url in asked), asked


def rows(browser):
    """The ranking as it is shown."""
    script = "return [...document.querySelectorAll('#models tbody tr')].map(r => [...r.cells].map(c => c.innerText))"
    return browser.execute_script(script)


def choose(browser, name, value):
    """Choose from a list, as a person would."""
    browser.execute_script(
        "const s = document.getElementById(arguments[0]); s.value = arguments[1]; s.dispatchEvent(new Event('change'))", name, value
    )  # fmt: skip


def tap(browser, selector):
    """Touch the first element of a selector, at its middle, where nothing may lie above it."""
    place = browser.execute_script(
        "const e = document.querySelector(arguments[0]); e.scrollIntoView({block: 'center'});"
        "const r = e.getBoundingClientRect(), x = r.left + r.width / 2, y = r.top + r.height / 2;"
        "return [x, y, e.contains(document.elementFromPoint(x, y))]", selector
    )  # fmt: skip
    assert place[2], f"{selector} is covered"
    point = [{"x": place[0], "y": place[1]}]
    browser.execute_cdp_cmd("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": point})
    browser.execute_cdp_cmd("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def press(browser, *keys):
    """Keys, to whatever has the focus."""
    from selenium.webdriver import ActionChains

    for key in keys:
        ActionChains(browser).send_keys(key).perform()


def active(browser, what):
    """A property of what has the focus."""
    return browser.execute_script(f"return document.activeElement.{what}")
