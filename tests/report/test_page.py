"""The report in a real browser: no error, no request, nothing from outside is run, and it stays quick."""

import pytest
from tests.report.browser import check_clean, choose, open_page, rows, wait

HOSTILE = [
    "<script>window.hacked=1</script>", '"><img src=x onerror="window.hacked=2">', "</script><script>window.hacked=3</script>",
    "{{ 7*7 }}", "javascript:window.hacked=4", "=HYPERLINK(1)", "timm:ok",
]  # fmt: skip


def test_sort_search_filter_and_choice_work(browser, tmp_path):
    path = open_page(browser, tmp_path, 30)
    assert browser.execute_script("return document.querySelectorAll('#figures figure svg').length") >= 4
    values = [float(row[2].split(" ")[0]) for row in rows(browser)]
    assert len(values) == 25 and values == sorted(values)
    browser.execute_script(
        "[...document.querySelectorAll('#models thead th')].find(t => t.innerText.startsWith('accuracy')).click()"
    )
    accuracies = [float(row[5]) for row in rows(browser)]
    assert accuracies == sorted(accuracies)
    choose(browser, "filter-kind", "mixer")
    assert {row[7] for row in rows(browser)} == {"mixer"} and len(rows(browser)) == 10
    choose(browser, "filter-kind", "")
    browser.execute_script(
        "const i = document.querySelector('.dt-search input'); i.value = 'resnet_3'; i.dispatchEvent(new Event('input'))"
    )
    wait(browser, "return document.querySelectorAll('#models tbody tr').length === 1")
    assert rows(browser)[0][0] == "timm:resnet_3"
    browser.execute_script("document.querySelector('#models button.name').click()")
    assert (
        browser.execute_script("return document.querySelector('#details h3').textContent") == "timm:resnet_3"
    )
    assert "a word about timm:resnet_3" in browser.execute_script(
        "return document.getElementById('details').innerText"
    )
    choose(browser, "left", "timm:resnet_0")
    choose(browser, "right", "timm:mlp_mixer_2")
    heads = browser.execute_script(
        "return [...document.querySelectorAll('#comparison thead th')].map(t => t.innerText)"
    )
    assert heads == ["what", "timm:resnet_0", "timm:mlp_mixer_2", "first against second"]
    assert "standard errors apart" in browser.execute_script(
        "return document.getElementById('comparison').innerText"
    )
    check_clean(browser, path)


def test_the_metric_changes_all_sections(browser, tmp_path):
    path = open_page(browser, tmp_path, 12)
    choose(browser, "metric", "lee, rotation")
    wait(browser, "return document.body.dataset.ready === 'lee, rotation'")
    shown = browser.execute_script(
        "return [...document.querySelectorAll('[data-metric]')].filter(n => !n.hidden).map(n => n.dataset.metric)"
    )
    assert set(shown) == {"lee, rotation"}
    titles = "return [...document.querySelectorAll('#figures svg text')].map(t => t.textContent)"
    assert any("rotation" in text for text in browser.execute_script(titles))
    check_clean(browser, path)


def test_hovering_a_point_shows_its_name(browser, tmp_path):
    from selenium.webdriver import ActionChains
    from selenium.webdriver.common.by import By

    path = open_page(browser, tmp_path, 9)
    point = browser.find_elements(By.CSS_SELECTOR, "#figures figure:first-child .mark-symbol path")[0]
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", point)
    ActionChains(browser).move_to_element(point).perform()
    text = wait(
        browser,
        "const t = document.querySelector('.vg-tooltip, #vg-tooltip-element'); return t && t.innerText",
    )
    assert "timm:" in text and "stability" in text and "specificity" in text
    check_clean(browser, path)


def test_hostile_names_are_text(browser, tmp_path):
    path = open_page(browser, tmp_path, len(HOSTILE), names=HOSTILE)
    for name in HOSTILE:
        choose(browser, "chosen", name)
        assert browser.execute_script("return document.querySelector('#details h3').textContent") == name
        choose(browser, "left", name)
    assert {row[0] for row in rows(browser)} == set(HOSTILE)
    assert browser.execute_script("return window.hacked === undefined")
    assert browser.execute_script("return document.querySelectorAll('img[src=x]').length") == 0
    check_clean(browser, path)


def milliseconds(browser, count):
    """How long each action takes on a page of so many models: the best of three, other things run on this machine."""
    return browser.execute_script(
        """
        const last = arguments[0], times = {};
        const time = (name, f) => {
            const t = performance.now(); f();
            times[name] = Math.min(times[name] ?? Infinity, performance.now() - t);
        };
        const pick = (id, v) => { const s = document.getElementById(id); s.value = v; s.dispatchEvent(new Event('change')); };
        for (let again = 0; again < 3; again++) {
            time('filter', () => pick('filter-kind', 'mixer'));
            time('all', () => pick('filter-kind', ''));
            time('sort', () => [...document.querySelectorAll('#models thead th')].find(t => t.innerText.startsWith('accuracy')).click());
            time('one', () => pick('chosen', `timm:mlp_mixer_${last - 3}`));
            time('compare', () => pick('left', `timm:mlp_mixer_${last - 6}`));
        }
        return times;
        """,
        count,
    )


@pytest.mark.slow
def test_two_thousand_models_stay_quick(browser, tmp_path):
    """Ten times as many models take no more than some ten times as long: what grew with their square would take 100.

    A ratio and no number of seconds, which would be one of this machine and of what else it does. Beside 5 ms, which
    any action may take, nothing is compared.
    """
    times = {}
    for count in (200, 2000):
        folder = tmp_path / str(count)
        folder.mkdir()
        path = open_page(browser, folder, count, symmetries=("rotation",))
        times[count] = milliseconds(browser, count)
        check_clean(browser, path)
    slower = {name: times[2000][name] / max(times[200][name], 5) for name in times[200]}
    assert max(slower.values()) < 40, times
