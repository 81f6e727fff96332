"""Perceptrons of any package that has scikit-learn's interface."""

from functools import partial


def network_jobs(package):
    """The package's functions mlp_classifier, mlp_regressor and mlp_epochs."""

    def classifier(X, y, options):
        return package.MLPClassifier(**options).fit(X, y)

    def regressor(X, y, options):
        return package.MLPRegressor(**options).fit(X, y)

    def epochs(X, y, options):
        return partial(classifier, X, y, options)

    return classifier, regressor, epochs
