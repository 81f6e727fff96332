"""Regularised linear models with scikit-learn's interface."""

from fastreg.linear_model._display import CVDisplay, PathDisplay
from fastreg.linear_model._lasso import ElasticNet, Lasso
from fastreg.linear_model._lasso_cv import (
    ElasticNetCV,
    LassoCV,
    MultiTaskElasticNetCV,
    MultiTaskLassoCV,
)
from fastreg.linear_model._multi_task import MultiTaskElasticNet, MultiTaskLasso
from fastreg.linear_model._paths import enet_path, lasso_path
from fastreg.linear_model._regularization_path import RegularizationPath, regularization_path
from fastreg.linear_model._ridge import Ridge
from fastreg.linear_model._ridge_classifier import RidgeClassifier
from fastreg.linear_model._ridge_classifier_cv import RidgeClassifierCV
from fastreg.linear_model._ridge_cv import RidgeCV
from fastreg.linear_model._ridge_regression import ridge_regression
from fastreg.linear_model._sgd_classifier import SGDClassifier
from fastreg.linear_model._sgd_regressor import SGDRegressor

__all__ = [
    "CVDisplay",
    "ElasticNet",
    "ElasticNetCV",
    "Lasso",
    "LassoCV",
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
    "enet_path",
    "lasso_path",
    "regularization_path",
    "ridge_regression",
]
