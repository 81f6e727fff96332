"""scikit-learn, with its default options."""

import sklearn.linear_model
import sklearn.neural_network

from benchmarks.peers.interface import SklearnInterface
from benchmarks.peers.networks import network_jobs

_peer = SklearnInterface(sklearn.linear_model)
lasso, path, ridge, linear_model = _peer.lasso, _peer.path, _peer.ridge, _peer.linear_model
lasso_cv, grid_search = _peer.lasso_cv, _peer.grid_search
ridge_cv, sgd = _peer.ridge_cv, _peer.sgd
mlp_classifier, mlp_regressor, mlp_epochs = network_jobs(sklearn.neural_network)
