"""The API reference is complete, and public docstrings say what is solved and who found it."""

import inspect
import re
from pathlib import Path

import pytest

import fastreg
import fastreg.linear_model
import fastreg.neural_network

API = Path(fastreg.__file__).parents[1] / "docs" / "api" / "index.rst"
DRAW_OR_HOLD = {"CVDisplay", "LearningCurvesDisplay", "PathDisplay", "RegularizationPath"}
SOLVE = sorted(
    {*fastreg.linear_model.__all__, *fastreg.neural_network.__all__} - DRAW_OR_HOLD, key=str
)


def test_reference_lists_every_public_name():
    listed = re.findall(r"^   (\w+)$", API.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(listed) == len(set(listed))
    assert set(listed) == set(fastreg.__all__) - {"__version__"}


@pytest.mark.parametrize("name", SOLVE)
def test_docstring_states_problem_and_source(name):
    text = inspect.getdoc(getattr(fastreg, name))
    assert ".. math::" in text
    for section in ("Parameters", "References", "Examples"):
        assert re.search(rf"^{section}\n-+$", text, re.MULTILINE), section


@pytest.mark.parametrize("name", SOLVE)
def test_docstring_names_every_parameter(name):
    """By itself, or through one name that says where the rest is told."""
    thing = getattr(fastreg, name)
    text = inspect.getdoc(thing)
    section = re.search(r"^Parameters\n-+\n(.*?)\n\n\w+\n-+$", text, re.MULTILINE | re.DOTALL)[1]
    parameters = inspect.signature(thing).parameters
    assert [p for p in parameters if not re.search(rf"\b{p}\b", section)] == []
