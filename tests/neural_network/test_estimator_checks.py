"""scikit-learn's checks of an estimator, with no exemption."""

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from fastreg import MLPClassifier, MLPRegressor

QUICK = {"hidden_layer_sizes": (16,), "max_iter": 100}
ESTIMATORS = [
    MLPClassifier(),
    MLPRegressor(),
    MLPClassifier(
        **QUICK,
        solver="adamw",
        learning_rate_init=0.02,
        max_norm=3,
        clip_norm=1,
        label_smoothing=0.01,
    ),
    MLPClassifier(**QUICK, n_models=2, learning_rate_init=0.02),
    MLPRegressor(
        **QUICK,
        loss="huber",
        activation="gelu",
        l1=1e-3,
        learning_rate="cosine",
        learning_rate_init=0.02,
    ),
]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@parametrize_with_checks(ESTIMATORS)
def test_check_estimator(estimator, check):
    check(estimator)


def test_tags():
    classifier, regressor = (kind().__sklearn_tags__() for kind in (MLPClassifier, MLPRegressor))
    assert classifier.input_tags.sparse
    assert regressor.input_tags.sparse
    assert classifier.classifier_tags.multi_label
    assert regressor.target_tags.multi_output


def test_init_sets_parameters_only():
    for estimator in ESTIMATORS:
        assert vars(estimator) == estimator.get_params()
