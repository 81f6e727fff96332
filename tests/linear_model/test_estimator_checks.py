"""scikit-learn's checks of an estimator, with no exemption."""

import numpy as np
from sklearn.utils.estimator_checks import parametrize_with_checks

from fastreg import (
    ElasticNet,
    ElasticNetCV,
    Lasso,
    LassoCV,
    MultiTaskElasticNet,
    MultiTaskElasticNetCV,
    MultiTaskLasso,
    MultiTaskLassoCV,
    Ridge,
    RidgeClassifier,
    RidgeClassifierCV,
    RidgeCV,
    SGDClassifier,
    SGDRegressor,
)

ESTIMATORS = [
    Lasso(),
    Lasso(positive=True, selection="random", random_state=0),
    ElasticNet(),
    ElasticNet(precompute=True, warm_start=True),
    MultiTaskLasso(),
    MultiTaskElasticNet(selection="random", random_state=0),
    Ridge(),
    Ridge(solver="sparse_cg", tol=1e-8),
    Ridge(solver="svd"),
    Ridge(solver="eigen"),
    Ridge(solver="lsqr", tol=1e-8),
    Ridge(solver="saga", tol=1e-14, max_iter=3000, random_state=0),
    Ridge(positive=True),
    RidgeClassifier(),
    RidgeClassifier(solver="sparse_cg", tol=1e-8),
    LassoCV(),
    ElasticNetCV(max_loss_increase=0.1, standardize=True, alphas=8),
    MultiTaskLassoCV(alphas=8),
    MultiTaskElasticNetCV(alphas=8),
    RidgeCV(),
    RidgeCV(cv=3, standardize=True, selection_rule="1se"),
    RidgeClassifierCV(),
    RidgeClassifierCV(cv=3),
]
# Equal to rounding are a weight and a repeated row in the objective, not in the steps that
# lead there: one step of twice the length is not two steps, each at its own margin.
STEPS = "a weight lengthens a step, a repeated row takes two"
STOCHASTIC = [
    SGDRegressor(),
    SGDRegressor(penalty="l1", average=True, learning_rate="adaptive", batch_size=4),
    SGDClassifier(),
    SGDClassifier("log_loss", penalty="elasticnet", average=10),
]


@parametrize_with_checks(ESTIMATORS)
def test_check_estimator(estimator, check):
    check(estimator)


@parametrize_with_checks(
    STOCHASTIC,
    expected_failed_checks=lambda _: {
        f"check_sample_weight_equivalence_on_{kind}_data": STEPS for kind in ("dense", "sparse")
    },
)
def test_check_stochastic_estimator(estimator, check):
    check(estimator)


def test_tags():
    for estimator in ESTIMATORS:
        tags = estimator.__sklearn_tags__()
        assert tags.input_tags.sparse
        classifier = isinstance(estimator, RidgeClassifier | RidgeClassifierCV)
        single = classifier or isinstance(estimator, LassoCV | ElasticNetCV)
        multitask = isinstance(
            estimator, MultiTaskElasticNet | MultiTaskLassoCV | MultiTaskElasticNetCV
        )
        assert tags.target_tags.multi_output == (not single)
        assert tags.target_tags.single_output == (not multitask)
        assert tags.estimator_type == ("classifier" if classifier else "regressor")
        assert not tags.non_deterministic


def test_init_sets_parameters_only():
    for estimator in ESTIMATORS + STOCHASTIC:
        assert vars(estimator) == estimator.get_params()


def test_random_targets_are_not_fitted_at_init():
    assert not hasattr(Lasso(), "coef_")
    assert not hasattr(Lasso(), "sparse_coef_")
    assert hasattr(Lasso().fit(np.eye(3), [1.0, 2, 3]), "sparse_coef_")
