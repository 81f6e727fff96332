"""Fixtures shared by all tests."""

import signal
import threading
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


@pytest.fixture
def interrupt_soon():
    """Call it for a Ctrl-C in this thread a little later, also where tests run in the
    background, which ignore it."""
    main, before = threading.get_ident(), signal.signal(signal.SIGINT, signal.default_int_handler)
    timer = threading.Timer(0.3, lambda: signal.pthread_kill(main, signal.SIGINT))
    yield timer.start
    timer.join()
    signal.signal(signal.SIGINT, before)


@pytest.fixture(autouse=True)
def _quiet_diagnostics():
    # random problems have constant columns and large alphas; the tests of
    # these warnings switch them on again
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", fastreg.DiagnosticWarning)
        yield
