"""Fixtures shared by all tests."""

import warnings

import pytest
from hypothesis import settings

import fastreg

# a busy machine is no failure
settings.register_profile("fastreg", deadline=None)
settings.load_profile("fastreg")


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
