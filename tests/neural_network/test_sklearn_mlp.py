"""scikit-learn's own tests of its perceptrons, on ours."""

import pytest
from upstream import upstream_tests

OURS = ["MLPClassifier", "MLPRegressor"]

PRIVATE = "reaches into scikit-learn's private attributes"
LEFT_OUT = {
    "test_fit": PRIVATE,
    "test_gradient": PRIVATE,
    "test_learning_rate_warmstart": PRIVATE,
    "test_adaptive_learning_rate": PRIVATE,
    "test_n_iter_no_change": PRIVATE,
    "test_n_iter_no_change_inf": PRIVATE,
}

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

globals().update(upstream_tests("sklearn.neural_network.tests.test_mlp", OURS, LEFT_OUT))
