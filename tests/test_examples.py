"""The gallery's examples: each is listed, tells a story and draws. The documentation runs them."""

import ast
import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
EXAMPLES = sorted((ROOT / "examples").rglob("*.py"))
GALLERY = runpy.run_path(str(ROOT / "docs" / "_ext" / "gallery.py"))


def test_every_example_has_a_place_in_the_gallery():
    assert sorted(path.stem for path in EXAMPLES) == sorted(GALLERY["ORDER"])
    assert {path.parent.name for path in EXAMPLES} == set(GALLERY["SECTIONS"])
    for section in GALLERY["SECTIONS"]:
        assert (ROOT / "examples" / section / "GALLERY_HEADER.rst").is_file()


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_example(path):
    text = path.read_text(encoding="utf-8")
    module = ast.parse(text)
    title, rule, blank, summary, *_ = ast.get_docstring(module).splitlines()
    assert title
    assert set(rule) == {"="}
    assert len(rule) == len(title)
    assert not blank
    assert summary
    assert text.count("\n# %%\n") >= 2
    assert len(text.splitlines()) <= 110
    assert any(
        isinstance(node, ast.Import | ast.ImportFrom)
        and "fastreg" in (getattr(node, "module", None), *(alias.name for alias in node.names))
        for node in module.body
    )
    called = {node.func.attr for node in ast.walk(module) if is_method_call(node)}
    assert "subplots" in called or "from_estimator" in called
    # nothing is downloaded
    names = {node.id for node in ast.walk(module) if isinstance(node, ast.Name)}
    assert not any(name.startswith("fetch_") for name in names)


def is_method_call(node):
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
