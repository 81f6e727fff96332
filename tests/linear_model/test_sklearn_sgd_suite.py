"""scikit-learn's own tests of its stochastic gradient descent, run on fastreg's estimators.

The test file is the installed scikit-learn's. It is executed with our names in
`sklearn.linear_model`; tests that don't mention one of them are left out, as those of
SGDOneClassSVM and of private losses.
"""

import importlib.util
import inspect
import re
from types import SimpleNamespace

import pytest
import sklearn.linear_model
from sklearn.utils.fixes import parse_version

import fastreg

OURS = ["SGDClassifier", "SGDRegressor"]

_BOUNDARY = "wants the sign of a score that is 0 at the minimum: the draws decide"
LEFT_OUT = {
    "test_input_format[SGDRegressor]": "ours fits several targets",
    "test_input_format[SparseSGDRegressor]": "ours fits several targets",
    "test_plain_has_no_average_attr": "looks at private attributes",
    "test_validation_mask_correctly_subsets": "patches a private module of scikit-learn",
    "test_sgd_error_on_zero_validation_weight": "all weights are zero, which has its own message",
    "test_sgd_l1[SparseSGDClassifier]": "pickles a class of its module, which has no name here",
    "test_sgd_proba[SparseSGDClassifier]": "ranks two probabilities that are both 0",
    "test_class_weights": _BOUNDARY,
    "test_sample_weights": _BOUNDARY,
    "test_tol_parameter": "wants one noisy run to be longer than another: the draws decide",
}


@pytest.fixture(autouse=True)
def _left_out(request):
    """Skip a test, or one of its cases, for the reason given."""
    node = request.node
    reason = LEFT_OUT.get(node.name, LEFT_OUT.get(node.originalname))
    if reason:
        pytest.skip(reason)


def load_upstream_tests():
    """The module of upstream tests, made with our estimators in scikit-learn's place."""
    spec = importlib.util.find_spec("sklearn.linear_model.tests.test_sgd")
    if spec is None:
        pytest.skip("scikit-learn is installed without its tests", allow_module_level=True)
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        for name in OURS:
            patch.setattr(sklearn.linear_model, name, getattr(fastreg, name))
        spec.loader.exec_module(module)
    # the tests look the names up in here when they run
    module.linear_model = SimpleNamespace(**vars(sklearn.linear_model))
    for name in OURS:
        setattr(module.linear_model, name, getattr(fastreg, name))
    return module


def collect(module):
    """Test functions of `module` that use one of our names."""
    uses_ours = re.compile(rf"\b({'|'.join(OURS)})\b")
    for name, function in vars(module).items():
        if not name.startswith("test_") or not uses_ours.search(inspect.getsource(function)):
            continue
        yield name, function


if parse_version(sklearn.__version__) < parse_version("1.9"):
    pytest.skip("the specification is scikit-learn 1.9's", allow_module_level=True)

globals().update(collect(load_upstream_tests()))
