"""fastreg: regularised linear models on Cython kernels.

The estimators follow scikit-learn's interface and give the same answers, with a
duality gap on every fit that proves how accurate it is.
"""

from fastreg._show_versions import show_versions
from fastreg.exceptions import DiagnosticWarning
from fastreg.linear_model import (
    ElasticNet,
    ElasticNetCV,
    Lasso,
    LassoCV,
    MultiTaskElasticNetCV,
    MultiTaskLassoCV,
    Ridge,
    enet_path,
    lasso_path,
)

__version__ = "0.1.0"

__all__ = [
    "DiagnosticWarning",
    "ElasticNet",
    "ElasticNetCV",
    "Lasso",
    "LassoCV",
    "MultiTaskElasticNetCV",
    "MultiTaskLassoCV",
    "Ridge",
    "__version__",
    "enet_path",
    "lasso_path",
    "show_versions",
]
