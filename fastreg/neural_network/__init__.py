"""Multi-layer perceptrons with scikit-learn's interface."""

from fastreg.neural_network._display import LearningCurvesDisplay
from fastreg.neural_network._mlp_classifier import MLPClassifier
from fastreg.neural_network._mlp_regressor import MLPRegressor

__all__ = ["LearningCurvesDisplay", "MLPClassifier", "MLPRegressor"]
