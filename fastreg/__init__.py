"""fastreg: regularised linear models on Cython kernels.

The estimators follow scikit-learn's interface and give the same answers, with a
duality gap on every fit that proves how accurate it is.
"""

from fastreg._config import config_context, get_config, moment_cache_info, set_config
from fastreg._show_versions import show_versions
from fastreg.exceptions import DiagnosticWarning
from fastreg.linear_model import (
    CVDisplay,
    ElasticNet,
    ElasticNetCV,
    Lasso,
    LassoCV,
    MultiTaskElasticNet,
    MultiTaskElasticNetCV,
    MultiTaskLasso,
    MultiTaskLassoCV,
    PathDisplay,
    RegularizationPath,
    Ridge,
    RidgeClassifier,
    RidgeClassifierCV,
    RidgeCV,
    SGDClassifier,
    SGDRegressor,
    enet_path,
    lasso_path,
    regularization_path,
    ridge_regression,
)
from fastreg.neural_network import LearningCurvesDisplay, MLPClassifier, MLPRegressor

__version__ = "0.1.0"

__all__ = [
    "CVDisplay",
    "DiagnosticWarning",
    "ElasticNet",
    "ElasticNetCV",
    "Lasso",
    "LassoCV",
    "LearningCurvesDisplay",
    "MLPClassifier",
    "MLPRegressor",
    "MultiTaskElasticNet",
    "MultiTaskElasticNetCV",
    "MultiTaskLasso",
    "MultiTaskLassoCV",
    "PathDisplay",
    "RegularizationPath",
    "Ridge",
    "RidgeCV",
    "RidgeClassifier",
    "RidgeClassifierCV",
    "SGDClassifier",
    "SGDRegressor",
    "__version__",
    "config_context",
    "enet_path",
    "get_config",
    "lasso_path",
    "moment_cache_info",
    "regularization_path",
    "ridge_regression",
    "set_config",
    "show_versions",
]
