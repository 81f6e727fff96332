"""Regularised linear models with scikit-learn's interface."""

from fastreg.linear_model._lasso import ElasticNet, Lasso
from fastreg.linear_model._lasso_cv import (
    ElasticNetCV,
    LassoCV,
    MultiTaskElasticNetCV,
    MultiTaskLassoCV,
)
from fastreg.linear_model._paths import enet_path, lasso_path
from fastreg.linear_model._ridge import Ridge

__all__ = [
    "ElasticNet",
    "ElasticNetCV",
    "Lasso",
    "LassoCV",
    "MultiTaskElasticNetCV",
    "MultiTaskLassoCV",
    "Ridge",
    "enet_path",
    "lasso_path",
]
