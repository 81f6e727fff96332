"""scikit-learn's own tests of its perceptrons, run on fastreg's.

The test file is the installed scikit-learn's, executed with our names in
`sklearn.neural_network`.
"""

import importlib.util
import inspect
import re

import pytest
import sklearn.neural_network
from sklearn.utils.fixes import parse_version

import fastreg

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


def load_upstream_tests():
    """The module of upstream tests, made with our estimators in scikit-learn's place."""
    spec = importlib.util.find_spec("sklearn.neural_network.tests.test_mlp")
    if spec is None:
        pytest.skip("scikit-learn is installed without its tests", allow_module_level=True)
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        for name in OURS:
            patch.setattr(sklearn.neural_network, name, getattr(fastreg, name))
        spec.loader.exec_module(module)
    return module


def collect(module):
    """Test functions of `module` that use one of our names."""
    uses_ours = re.compile(rf"\b({'|'.join(OURS)})\b")
    for name, function in vars(module).items():
        if not name.startswith("test_") or not uses_ours.search(inspect.getsource(function)):
            continue
        if name in LEFT_OUT:
            function = pytest.mark.skip(reason=LEFT_OUT[name])(function)
        yield name, function


if parse_version(sklearn.__version__) < parse_version("1.9"):
    pytest.skip("the specification is scikit-learn 1.9's", allow_module_level=True)

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

globals().update(collect(load_upstream_tests()))
