"""scikit-learn's own tests, run on fastreg's estimators.

The test files are the installed scikit-learn's. Each is executed with our names in
place of scikit-learn's. Tests that mention none of our names, or one that we don't
have yet, are left out; so are those that a file of ours names, each for its reason.
"""

import importlib
import importlib.util
import inspect
import re
from types import ModuleType, SimpleNamespace

import pytest
import sklearn
from sklearn.utils.fixes import parse_version

import fastreg


def upstream_tests(suite, ours, left_out):
    """What a test file of ours takes in: tests and fixtures of an upstream file.

    Parameters
    ----------
    suite : str
        The module, such as "sklearn.linear_model.tests.test_ridge".
    ours : list of str
        Names in its package that fastreg has, or will have.
    left_out : dict
        Reasons by the names of tests, or of single cases with their parameters.
    """
    if parse_version(sklearn.__version__) < parse_version("1.9"):
        pytest.skip("the specification is scikit-learn 1.9's", allow_module_level=True)
    return {"_left_out": skips(left_out), **dict(collect(load(suite, ours), ours))}


def skips(left_out):
    """A fixture that skips what is left out."""

    @pytest.fixture(autouse=True)
    def _left_out(request):
        node = request.node
        reason = left_out.get(node.name, left_out.get(node.originalname))
        if reason:
            pytest.skip(reason)

    return _left_out


def load(suite, ours):
    """The module of upstream tests, made with our names in place of scikit-learn's."""
    spec = importlib.util.find_spec(suite)
    if spec is None:
        pytest.skip("scikit-learn is installed without its tests", allow_module_level=True)
    package = importlib.import_module(suite.partition(".tests.")[0])
    importlib.import_module(suite)  # what it imports keeps scikit-learn's names
    replaced = {name: getattr(fastreg, name, None) or missing(name) for name in ours}
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        for name, thing in replaced.items():
            patch.setattr(package, name, thing)
        spec.loader.exec_module(module)
    # some tests look the names up in the package when they run
    for name, thing in list(vars(module).items()):
        if isinstance(thing, ModuleType) and thing is package:
            setattr(module, name, SimpleNamespace(**{**vars(package), **replaced}))
    return module


def missing(name):
    """Stands for a model that we don't have, where a module makes one."""
    return lambda *_args, **_parameters: f"{name} is missing"


def collect(module, ours):
    """Fixtures of `module`, and its tests that use our names only."""
    there = [name for name in ours if hasattr(fastreg, name)]
    absent = [name for name in ours if not hasattr(fastreg, name)]
    for name, thing in vars(module).items():
        if type(thing).__name__ == "FixtureFunctionDefinition":
            yield name, thing
        elif name.startswith("test_") and is_own(thing, module):
            source = source_of(name, module)
            if uses(there, source) and not uses(absent, source):
                yield name, thing


def is_own(thing, module):
    return inspect.isfunction(thing) and thing.__module__ == module.__name__


def uses(names, source):
    """Whether `source` mentions one of `names`."""
    return bool(names) and bool(re.search(rf"\b({'|'.join(names)})\b", source))


def source_of(name, module, seen=()):
    """The text of a function, and of those of its module that it mentions."""
    source = inspect.getsource(vars(module)[name])
    helpers = [
        other
        for other, thing in vars(module).items()
        if is_own(thing, module) and other not in (name, *seen) and uses([other], source)
    ]
    return source + "".join(source_of(other, module, (*seen, name)) for other in helpers)
