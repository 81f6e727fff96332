"""The examples in public docstrings and in the documentation run and print what they say."""

import doctest
import importlib
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"
FLAGS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS

MODULES = [
    "fastreg",
    "fastreg._config",
    "fastreg._show_versions",
    "fastreg.exceptions",
    "fastreg.linear_model._display",
    "fastreg.linear_model._lasso",
    "fastreg.linear_model._lasso_cv",
    "fastreg.linear_model._multi_task",
    "fastreg.linear_model._paths",
    "fastreg.linear_model._regularization_path",
    "fastreg.linear_model._ridge",
    "fastreg.linear_model._ridge_classifier",
    "fastreg.linear_model._ridge_classifier_cv",
    "fastreg.linear_model._ridge_cv",
    "fastreg.linear_model._ridge_regression",
    "fastreg.neural_network._display",
    "fastreg.neural_network._mlp_classifier",
    "fastreg.neural_network._mlp_regressor",
]
WITH_EXAMPLES = {
    "fastreg._config",
    "fastreg._show_versions",
    "fastreg.linear_model._display",
    "fastreg.linear_model._lasso",
    "fastreg.linear_model._lasso_cv",
    "fastreg.linear_model._multi_task",
    "fastreg.linear_model._paths",
    "fastreg.linear_model._regularization_path",
    "fastreg.linear_model._ridge",
    "fastreg.linear_model._ridge_classifier",
    "fastreg.linear_model._ridge_classifier_cv",
    "fastreg.linear_model._ridge_cv",
    "fastreg.linear_model._ridge_regression",
    "fastreg.neural_network._display",
    "fastreg.neural_network._mlp_classifier",
    "fastreg.neural_network._mlp_regressor",
}


@pytest.mark.parametrize("name", MODULES)
def test_examples(name):
    if name.endswith("_display"):
        pytest.importorskip("matplotlib").use("Agg")
    result = doctest.testmod(importlib.import_module(name), optionflags=FLAGS)
    assert result.failed == 0
    assert (result.attempted > 0) == (name in WITH_EXAMPLES)


@pytest.mark.parametrize(
    "page", ["index.rst", "cross_validation.rst", "larger_than_memory.rst", "mlp.rst"]
)
def test_pages(page):
    result = doctest.testfile(str(DOCS / page), module_relative=False, optionflags=FLAGS)
    assert result.failed == 0
    assert result.attempted > 0
