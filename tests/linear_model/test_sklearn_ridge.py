"""scikit-learn's own tests of ridge regression, on our estimators."""

from upstream import upstream_tests

OURS = ["Ridge", "RidgeClassifier", "ridge_regression", "RidgeCV", "RidgeClassifierCV"]

LEFT_OUT = {
    "test_ridge_fit_intercept_sparse_error": (
        "wants an intercept on sparse X refused; all our solvers have one"
    ),
    "test_n_iter": "wants None for closed forms; check_estimator wants at least 1, as ours is",
    "test_ridge_fit_intercept_sparse_sag": (
        "wants a warning that sag is slow with an intercept on sparse X; ours is not"
    ),
}

globals().update(upstream_tests("sklearn.linear_model.tests.test_ridge", OURS, LEFT_OUT))
