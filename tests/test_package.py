"""The public names, and who imports whom."""

import ast
import importlib
import inspect
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest

import fastreg
import fastreg.linear_model
import fastreg.neural_network

ROOT = Path(fastreg.__file__).parent
SOURCES = sorted(ROOT.rglob("*.py"))
KERNELS = sorted((ROOT / "_kernels").glob("*.py[x]")) + sorted((ROOT / "_kernels").glob("*.pxd"))


def test_public_names():
    packages = (fastreg.linear_model, fastreg.neural_network)
    for name in fastreg.__all__:
        assert hasattr(fastreg, name), name
    for package in packages:
        assert set(package.__all__) < set(fastreg.__all__)
        for name in package.__all__:
            assert getattr(fastreg, name) is getattr(package, name)
    for module in (fastreg, *packages):
        assert list(module.__all__) == sorted(module.__all__, key=str)
        public = {
            name
            for name, value in vars(module).items()
            if not name.startswith("_") and not inspect.ismodule(value)
        }
        assert public <= set(module.__all__)


def test_version():
    """One number in the package and in its metadata; in a checkout, in pyproject.toml."""
    project = ROOT.parent / "pyproject.toml"
    if project.is_file():
        assert tomllib.loads(project.read_text())["project"]["version"] == fastreg.__version__
    else:
        assert version("fastreg") == fastreg.__version__


def test_public_things_have_docstrings_with_examples():
    for name in fastreg.__all__:
        thing = getattr(fastreg, name)
        if not isinstance(thing, str):
            assert inspect.getdoc(thing), name
            if name != "DiagnosticWarning":
                assert ">>>" in thing.__doc__, name


def test_type_hints_are_shipped():
    assert (ROOT / "py.typed").is_file()


def test_show_versions(capsys):
    fastreg.show_versions()
    out = capsys.readouterr().out
    for word in (
        fastreg.__version__,
        "numpy",
        "scipy",
        "scikit-learn",
        "BLAS",
        "OpenMP",
        "threads",
    ):
        assert word in out


def imported_modules(path):
    """Full names of the modules that a Python or Cython file imports."""
    if path.suffix == ".py":
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{path}: relative import"
                yield from (f"{node.module}.{alias.name}" for alias in node.names)
        return
    for line in path.read_text().splitlines():
        words = line.split()
        if len(words) > 1 and words[0] in ("from", "import", "cimport"):
            if words[0] == "from" and "import" not in words and "cimport" not in words:
                continue  # prose, or `cdef extern from`
            yield words[1].rstrip(",")


def test_the_scan_sees_imports():
    """The two tests below pass only if there is something to look at."""
    names = set(imported_modules(ROOT / "_kernels" / "csc.pyx"))
    assert {"numpy", "fastreg._kernels.matrix"} <= names
    assert "fastreg._engine.design.Design" in set(
        imported_modules(ROOT / "linear_model" / "_coordinate_descent.py")
    )
    assert len(SOURCES) > 10
    assert len(KERNELS) > 8


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_private_scikit_learn(path):
    for name in imported_modules(path):
        parts = name.split(".")
        if parts[0] == "sklearn":
            assert not any(part.startswith("_") for part in parts), name


def below(*forbidden):
    def check(name):
        return not any(name == f or name.startswith(f + ".") for f in forbidden)

    return check


LAYERS = {
    "_kernels": below(
        "sklearn",
        "fastreg._engine",
        "fastreg.linear_model",
        "fastreg.neural_network",
        "fastreg._validation",
    ),
    "_engine": below(
        "sklearn", "fastreg.linear_model", "fastreg.neural_network", "fastreg._validation"
    ),
}


@pytest.mark.parametrize("layer", LAYERS)
def test_imports_run_downwards(layer):
    folder = ROOT / layer
    files = [p for p in folder.iterdir() if p.suffix in (".py", ".pyx", ".pxd")]
    assert files
    for path in files:
        for name in imported_modules(path):
            assert LAYERS[layer](name), f"{path.name} imports {name}"


def test_estimators_touch_no_kernel():
    """They call the engine; only the engine calls kernels."""
    for package in ("linear_model", "neural_network"):
        for path in (ROOT / package).glob("*.py"):
            assert all(map(below("fastreg._kernels"), imported_modules(path))), path.name


def test_modules_import_on_their_own():
    for name in ("fastreg._engine.path", "fastreg._engine.ridge", "fastreg.linear_model"):
        importlib.import_module(name)
