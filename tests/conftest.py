"""Fixtures shared by all tests."""

import warnings

import pytest

import fastreg


@pytest.fixture
def global_random_seed():
    """The seed that scikit-learn's own tests ask for."""
    return 42


@pytest.fixture(autouse=True)
def _quiet_diagnostics():
    # random problems have constant columns and large alphas; the tests of
    # these warnings switch them on again
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", fastreg.DiagnosticWarning)
        yield
