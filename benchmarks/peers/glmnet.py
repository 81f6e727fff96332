"""glmnet in R: coordinate descent in C++; stops on the change of the objective.

R is started once and obeys commands; data go through files. Times are R's own, of the
call in R alone.
"""

import atexit
import shutil
import subprocess
import tempfile
from functools import partial
from pathlib import Path

import numpy as np
import scipy.sparse as sp
from sklearn.model_selection import KFold

from benchmarks.peers.interface import CVResult

# not a duality gap: the loosest of these with which the gap is small enough is raced
TOLERANCES = tuple(10.0**-k for k in range(7, 17))
CV_DIVISOR = 1000  # the last alpha of a cross-validation, below alpha_max


class Session:
    """An R process with glmnet, and the data it holds."""

    def __init__(self):
        if shutil.which("Rscript") is None:
            raise ImportError("there is no Rscript on the path; Debian: r-cran-glmnet")
        self.folder = Path(tempfile.mkdtemp(prefix="fastreg-glmnet-"))
        self._data = None
        self._job = None
        script = Path(__file__).with_name("glmnet_session.R")
        self._process = subprocess.Popen(
            ["Rscript", "--vanilla", str(script)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        atexit.register(self.close)
        try:
            self.version = self._answer()
        except RuntimeError as error:
            raise ImportError(str(error)) from None

    def close(self):
        """R ends when there is nothing more to read."""
        self._process.stdin.close()
        self._process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def command(self, *words):
        """What R answers to a command, or RuntimeError."""
        self._process.stdin.write("\t".join(map(str, words)) + "\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self):
        line = self._process.stdout.readline()
        state, _, rest = line.strip().partition(" ")
        if state != "ok":
            raise RuntimeError(f"R says: {rest}" if state else "R ended without a word")
        return rest.strip()

    def prepare(self, kind, X, y, thresh, arrays):
        """Make this the job that `command("run")` and `command("time")` run."""
        if self._data is None or self._data[0] is not X or self._data[1] is not y:
            self._write_data(X, y)
            self.command("data", self.folder)
            self._data = X, y  # kept alive, so that `is` can be trusted
        job = (kind, thresh, *(array.tobytes() for array in arrays.values()))
        if job != self._job:
            for name, array in arrays.items():
                array.tofile(self.folder / name)
            self.command(kind, self.folder, thresh)
            self._job = job

    def _write_data(self, X, y):
        files = {"shape": np.array(X.shape, np.int32), "y": np.asarray(y, np.float64)}
        (self.folder / "indptr").unlink(missing_ok=True)
        if sp.issparse(X):
            X = X.tocsc()
            files["indptr"] = X.indptr.astype(np.int32)
            files["indices"] = X.indices.astype(np.int32)
            files["X"] = X.data.astype(np.float64)
        else:
            files["X"] = np.asarray(X, np.float64).T  # tofile writes in C order
        for name, array in files.items():
            array.tofile(self.folder / name)

    def run(self):
        """The numbers that the job gives."""
        self.command("run", self.folder / "result")
        return np.fromfile(self.folder / "result")


_session = Session()


def version():
    """What R says of glmnet."""
    return _session.version


def _prepare_path(X, y, alphas, tol):
    _session.prepare("path", X, y, tol, {"alphas": np.asarray(alphas, np.float64)})


def path(X, y, alphas, tol):
    """Coefficients along a path, without an intercept."""
    _prepare_path(X, y, alphas, tol)
    return _session.run().reshape(X.shape[1], len(alphas), order="F")


def _prepare_cv(X, y, n_alphas, n_folds, tol):
    largest = np.abs(X.T @ (y - y.mean())).max() / len(y)
    folds = np.empty(len(y), dtype=np.int32)
    for k, (_, held_out) in enumerate(KFold(n_folds).split(folds)):
        folds[held_out] = k + 1
    alphas = np.geomspace(largest, largest / CV_DIVISOR, n_alphas)
    _session.prepare("cv", X, y, tol, {"alphas": alphas, "folds": folds})


def lasso_cv(X, y, n_alphas, n_folds, tol):
    """cv.glmnet over contiguous folds, with an intercept."""
    _prepare_cv(X, y, n_alphas, n_folds, tol)
    alpha, intercept, *rest = _session.run()
    p = X.shape[1]
    return CVResult(alpha, np.array(rest[:p]), intercept, np.array(rest[p:]))


def _timed(prepare, repeats, *arguments):
    prepare(*arguments)
    return float(_session.command("time", repeats))


path.timed = partial(_timed, _prepare_path)
lasso_cv.timed = partial(_timed, _prepare_cv)
