"""fastreg itself. Each call starts without moments that the last one left behind."""

from functools import wraps

import fastreg
from benchmarks.peers.interface import SklearnInterface
from benchmarks.peers.networks import network_jobs


def forget_moments():
    """Empty the cache of moments: a repeated fit shall do all of its work again."""
    with fastreg.config_context(moment_cache_mb=0):
        pass


def _afresh(job):
    @wraps(job)
    def call(*args):
        forget_moments()
        return job(*args)

    return call


_peer = SklearnInterface(fastreg)
path, linear_model, sgd = _peer.path, _peer.linear_model, _peer.sgd
lasso, ridge = _afresh(_peer.lasso), _afresh(_peer.ridge)
lasso_cv, grid_search = _afresh(_peer.lasso_cv), _afresh(_peer.grid_search)
ridge_cv = _afresh(_peer.ridge_cv)
mlp_classifier, mlp_regressor, mlp_epochs = network_jobs(fastreg)
