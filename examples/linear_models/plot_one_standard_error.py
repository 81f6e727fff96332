"""
Choosing alpha: smallest error, or one standard error above
===========================================================

The held-out error is flat around its minimum, and where exactly the minimum lies is a matter of
luck. The one-standard-error rule takes the strongest penalty that is about as good, and so a
model with fewer features.
"""

# %%
# Ten measurements of diabetes patients, and their products: 55 features on one scale, most of
# them of no use. A third of the patients is set aside, and plays no part in choosing.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.model_selection import KFold, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

from fastreg import CVDisplay, LassoCV, PathDisplay

X, y = load_diabetes(return_X_y=True, as_frame=True)
products = PolynomialFeatures(interaction_only=True, include_bias=False)
features = make_pipeline(products, StandardScaler()).set_output(transform="pandas")
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=1 / 3, random_state=0)
X_train = features.fit_transform(X_train)
X_test = features.transform(X_test)

folds = KFold(10, shuffle=True, random_state=0)
model = LassoCV(cv=folds, selection_rule="1se", eps=1e-2).fit(X_train, y_train)

# %%
# Above, the mean held-out error, with a band of one standard error to either side. The dashed
# line is the strongest penalty whose error is no higher than the upper edge of the band at the
# minimum. Below, the coefficients at each penalty; the axis on top counts the features in use.

figure, (top, bottom) = plt.subplots(2, 1, figsize=(8, 9))
CVDisplay.from_estimator(model, ax=top)
PathDisplay.from_estimator(model, ax=bottom, max_labels=6)

# %%
# Both rules come from one fit: ``path_`` holds the model at every alpha, and predicts at any of
# them. On the patients that were set aside the two do about equally well.

for rule, alpha in {"smallest error": model.alpha_min_, "1-SE rule": model.alpha_1se_}.items():
    n_features = np.count_nonzero(model.path_.coef_at(alpha))
    error = np.sqrt(np.mean((model.path_.predict(X_test, alpha=alpha) - y_test) ** 2))
    print(f"{rule:15s} alpha {alpha:6.3f}  {n_features:2d} features  error on test {error:.1f}")

# %%
# These are the features that the rule keeps:

kept = X_train.columns[model.coef_ != 0]
print(", ".join(kept))
