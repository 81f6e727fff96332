"""Sphinx configuration. Build: python -m sphinx -W -b html docs docs/_build/html"""

import sys
from importlib.util import find_spec
from pathlib import Path

import fastreg

sys.path.insert(0, str(Path(__file__).parent / "_ext"))
import gallery

project = "fastreg"
author = "The fastreg developers"
copyright = "The fastreg developers"
version = release = fastreg.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.doctest",
    "sphinx.ext.mathjax",
    "numpydoc",
    "sphinx_gallery.gen_gallery",
    "benchmark_pages",
    "changelog_page",
]
if find_spec("sphinx-mathjax-offline"):  # formulas without a network too
    extensions.append("sphinx-mathjax-offline")
exclude_patterns = ["_build"]
templates_path = ["_templates"]

# Single backticks in docstrings mark names of parameters and attributes.
default_role = "literal"

autosummary_generate = True
autosummary_imported_members = True
autodoc_typehints = "none"
autodoc_member_order = "bysource"
# Listing methods would link to pages for each; the class page documents them in place.
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False

# The examples run when the documentation is built, and one that raises ends the build.
sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "examples",
    "backreferences_dir": "examples/backreferences",
    "doc_module": ("fastreg",),
    "subsection_order": [f"../examples/{section}" for section in gallery.SECTIONS],
    "within_subsection_order": "gallery.reading_order",
    "minigallery_sort_order": "gallery.reading_order",
    "reset_modules": ("gallery.use_style",),
    "image_srcset": ["2x"],
    "capture_repr": (),
    "min_reported_time": 1,
    "write_computation_times": False,
    "show_memory": False,
    "show_signature": False,
}

html_theme = "pydata_sphinx_theme"
html_title = f"fastreg {release}"
html_static_path = ["_static"]
html_css_files = ["narrow.css"]
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {
    "show_prev_next": False,
    "navigation_with_keys": False,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
}
html_sidebars = {name: [] for name in ("index", "changelog")}
