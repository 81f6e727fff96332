"""The examples in docstrings and in the documentation run and print what they say."""

import doctest
import importlib
import warnings
from pathlib import Path

import pytest

import fastreg

PACKAGE = Path(fastreg.__file__).parent
DOCS = PACKAGE.parent / "docs"
FLAGS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
MADE_BY_A_BUILD = {"_build", "generated", "examples"}


def has_examples(path):
    return ">>> " in path.read_text(encoding="utf-8")


MODULES = sorted(
    ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)
    for path in PACKAGE.rglob("*.py")
    if has_examples(path)
)
PAGES = sorted(
    str(path.relative_to(DOCS))
    for path in DOCS.rglob("*.rst")
    if MADE_BY_A_BUILD.isdisjoint(path.relative_to(DOCS).parts) and has_examples(path)
)


def test_examples_are_found():
    """The tests below pass only if there is something to run."""
    assert {"fastreg._config", "fastreg.linear_model._lasso"} <= set(MODULES)
    assert {"index.rst", "guide/penalties.rst", "how_do_i/running.rst"} <= set(PAGES)


@pytest.mark.parametrize("name", MODULES)
def test_examples(name):
    if name.endswith("_display"):
        pytest.importorskip("matplotlib").use("Agg")
    result = doctest.testmod(importlib.import_module(name), optionflags=FLAGS)
    assert result.failed == 0
    assert result.attempted > 0


@pytest.mark.parametrize("page", PAGES)
def test_pages(page):
    with warnings.catch_warnings():
        # pages record warnings to show them: each must come, whatever was warned of before
        warnings.simplefilter("always")
        result = doctest.testfile(str(DOCS / page), module_relative=False, optionflags=FLAGS)
    assert result.failed == 0
    assert result.attempted > 0
