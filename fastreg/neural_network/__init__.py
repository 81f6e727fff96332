"""Multi-layer perceptrons with scikit-learn's interface."""

from fastreg.neural_network._display import LearningCurvesDisplay
from fastreg.neural_network._mlp import MLPClassifier, MLPRegressor

__all__ = ["LearningCurvesDisplay", "MLPClassifier", "MLPRegressor"]
