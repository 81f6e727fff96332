"""Perceptrons of any package that has scikit-learn's interface."""


def network_jobs(package):
    """Functions (X, y, options) that fit its classifier and its regressor."""

    def classifier(X, y, options):
        return package.MLPClassifier(**options).fit(X, y)

    def regressor(X, y, options):
        return package.MLPRegressor(**options).fit(X, y)

    return classifier, regressor
