"""scikit-learn's own tests of stochastic gradient descent, on our estimators."""

from upstream import upstream_tests

OURS = ["SGDClassifier", "SGDRegressor"]

_BOUNDARY = "wants the sign of a score that is 0 at the minimum: the draws decide"
LEFT_OUT = {
    "test_input_format[SGDRegressor]": "ours fits several targets",
    "test_input_format[SparseSGDRegressor]": "ours fits several targets",
    "test_plain_has_no_average_attr": "looks at private attributes",
    "test_validation_mask_correctly_subsets": "patches a private module of scikit-learn",
    "test_sgd_error_on_zero_validation_weight": "all weights are zero, which has its own message",
    "test_sgd_l1[SparseSGDClassifier]": "pickles a class of its module, which has no name here",
    "test_sgd_proba[SparseSGDClassifier]": "ranks two probabilities that are both 0",
    "test_class_weights": _BOUNDARY,
    "test_sample_weights": _BOUNDARY,
    "test_tol_parameter": "wants one noisy run to be longer than another: the draws decide",
}

globals().update(upstream_tests("sklearn.linear_model.tests.test_sgd", OURS, LEFT_OUT))
