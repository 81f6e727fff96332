"""A Sphinx extension: CHANGELOG.md as reStructuredText, for docs/changelog.rst to include."""

import re
from pathlib import Path

DOCS = Path(__file__).resolve().parents[1]


def setup(app):
    """Have the page written before any is read; `benchmark_pages` keeps it from being one."""
    app.connect("builder-inited", write_page)
    return {"parallel_read_safe": True}


def write_page(app):
    """Headings and links are all that differs in what the changelog uses of Markdown."""
    text = (DOCS.parent / "CHANGELOG.md").read_text(encoding="utf-8")
    text = re.sub(r"\A# .*\n", "", text)
    text = re.sub(r"^## \[?(.*?)\]?$", lambda m: underlined(m[1], "-"), text, flags=re.M)
    text = re.sub(r"^### (.*)$", lambda m: underlined(m[1], "~"), text, flags=re.M)
    text = re.sub(r"\[([^]]+)\]\((\S+?)\)", r"`\1 <\2>`__", text)
    folder = Path(app.srcdir) / "generated"
    folder.mkdir(exist_ok=True)
    (folder / "changelog.rst").write_text(text, encoding="utf-8")


def underlined(title, character):
    """A heading."""
    return f"{title}\n{character * len(title)}"
