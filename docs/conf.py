"""The site: `make docs` builds it into build/docs. Nothing is loaded from elsewhere, neither here nor by its pages."""

import hashlib
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path.insert(0, str(HERE / "_extensions"))

from docutils import nodes  # noqa: E402

from symmeter import __version__ as release  # noqa: E402

URL = "https://github.com/symmeter/symmeter"  # as in pyproject.toml

project = "symmeter"
author = "the symmeter authors"
project_copyright = author
version = release
extensions = ["myst_nb", "sphinx_design", "sphinx_copybutton", "mathml", "repository", "docstrings"]
exclude_patterns = ["_extensions"]
nitpicky = True
nitpick_ignore_regex = [("py:.*", ".*")]  # types of others in signatures; links between pages are all checked
python_maximum_signature_line_length = 88
add_module_names = False

# ---- Markdown, and notebooks in it
source_suffix = {".md": "myst-nb"}
myst_enable_extensions = ["colon_fence", "deflist", "dollarmath", "fieldlist"]
myst_heading_anchors = 3
nb_execution_mode = "cache"
nb_execution_timeout = 120
nb_execution_raise_on_error = True
nb_merge_streams = True
nb_number_source_lines = False
nb_ipywidgets_js = {}


def code() -> str:
    """What notebooks were run with: outputs that are kept from another state of the code are not taken."""
    found = hashlib.sha256()
    for path in sorted((ROOT / "src").rglob("*.py")):
        found.update(path.read_bytes())
    return found.hexdigest()[:12]


nb_execution_cache_path = str(ROOT / "build" / "notebooks" / code())

# ---- formulas and pages
html_math_renderer = "mathml"
html_theme = "pydata_sphinx_theme"
html_title = f"symmeter {release}"
html_static_path = ["_static"]
html_css_files = ["symmeter.css"]
html_show_sourcelink = False
html_copy_source = False
html_show_search_summary = False  # a page from a file may read no other page
html_context = {"default_mode": "auto"}
copybutton_exclude = ".linenos, .gp, .go"
html_sidebars = {"index": [], "search": []}
toc_object_entries_show_parents = "hide"
html_theme_options = {
    "github_url": URL,
    "logo": {"text": "symmeter"},
    "header_links_before_dropdown": 7,
    "navigation_with_keys": False,
    "show_prev_next": True,
    "show_nav_level": 2,
    "show_toc_level": 2,
    "footer_start": ["copyright"],
    "footer_end": [],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
    "back_to_top_button": False,
}


def tidy(app, doctree):
    """A bar of progress that has gone leaves an output with nothing in it; an empty cell of a table is no header."""
    for outputs in doctree.findall(
        lambda node: "cell_output" in getattr(node, "attributes", {}).get("classes", ())
    ):
        blank = [
            node
            for node in outputs.children
            if not node.astext().strip() and not list(node.findall(nodes.image))
        ]
        for node in blank:
            outputs.remove(node)
        for html in list(outputs.findall(nodes.raw)):
            html.replace_self(nodes.raw("", html.astext().replace("<th></th>", "<td></td>"), format="html"))


def setup(app):
    app.connect("doctree-read", tidy)
