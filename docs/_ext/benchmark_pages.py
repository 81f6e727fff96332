"""A Sphinx extension: tables and plots of the benchmarks, made when the docs are built.

They go to docs/generated: ``times.rst``, a short table for other pages to include, and
``benchmarks.rst`` with all the rest.
"""

import sys
from pathlib import Path

DOCS = Path(__file__).resolve().parents[1]
RESULTS = DOCS.parent / "benchmarks" / "results" / "full.json"


def setup(app):
    """Have the pages written before any is read."""
    app.connect("config-inited", leave_fragments_out)
    app.connect("builder-inited", write_pages)
    return {"parallel_read_safe": True}


def leave_fragments_out(app, config):
    """They are included by pages, not pages themselves; the tables need the width."""
    config.exclude_patterns.append("generated/*.rst")
    config.html_sidebars["benchmarks"] = []


def write_pages(app):
    """From the committed JSON of one full run."""
    sys.path.insert(0, str(DOCS.parent))
    from benchmarks import pages

    pages.write(RESULTS, Path(app.srcdir) / "generated")
