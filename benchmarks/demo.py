"""The demo: fastreg beside scikit-learn on real data, in one table, and plots.

    python -m benchmarks.demo [FOLDER]

Plots go to FOLDER, ``demo-output`` by default. scikit-learn ships three of the data
sets; with the environment variable FASTREG_DATA set to a folder, those of the files
golub.npz, california_housing.csv.gz and debian_packages.npz found there are used too.
"""

import sys
import time
import warnings
from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl
import numpy as np
import scipy.sparse as sp
import sklearn.linear_model
from rich.console import Console
from rich.table import Table
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_selection import VarianceThreshold
from sklearn.impute import SimpleImputer
from sklearn.metrics import r2_score
from sklearn.model_selection import GridSearchCV, train_test_split, validation_curve
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, PolynomialFeatures, StandardScaler

import fastreg
from benchmarks import real_data
from benchmarks.peers.fastreg import forget_moments

mpl.use("Agg")  # no display needed
import matplotlib.pyplot as plt

PACKAGES = {"fastreg": fastreg, "scikit-learn": sklearn.linear_model}
TOL = 1e-8
MAX_ITER = 100_000
# Repetitions of a fit: up to MAX_REPEATS while all of them take less than this.
MAX_REPEATS = 7
SECONDS_FOR_REPEATS = 2.0

console = Console(width=110, highlight=False)


# ---- data --------------------------------------------------------------------


@dataclass
class Problem:
    """A train and test split, ready for linear models, and the alphas to use."""

    name: str
    X: np.ndarray
    y: np.ndarray
    X_test: np.ndarray
    y_test: np.ndarray
    ridge_alpha: float
    lasso_alpha: float

    @property
    def shape(self):
        return f"{self.X.shape[0]} x {self.X.shape[1]}"


def make_problem(name, X, y, *, preprocess=None, lasso_share=0.01, stratify=None):
    """Split, preprocess on the training rows; lasso_share is alpha over alpha_max."""
    X, X_test, y, y_test = train_test_split(X, y, random_state=0, stratify=stratify)
    if preprocess is not None:
        X, X_test = preprocess.fit_transform(X), preprocess.transform(X_test)
    if sp.issparse(X):
        # the order of columns is what both packages work on
        X, X_test = X.tocsc(), X_test.tocsr()
    # from here on all correlations are small and all coefficients are zero
    correlation = np.abs(X.T @ (y - y.mean(axis=0)) / X.shape[0])
    return Problem(
        name,
        X,
        y,
        X_test,
        y_test,
        ridge_alpha=1.0 if sp.issparse(X) else 0.01 * X.shape[0],
        lasso_alpha=float(lasso_share * correlation.max()),
    )


def shipped_problems():
    """The data that comes with scikit-learn."""
    X, y = load_diabetes(return_X_y=True)
    yield make_problem("diabetes", X, y, preprocess=StandardScaler())
    quadratic = make_pipeline(
        StandardScaler(), PolynomialFeatures(2, include_bias=False), StandardScaler()
    )
    yield make_problem("diabetes, squares", X, y, preprocess=quadratic)
    X, y = load_breast_cancer(return_X_y=True)
    yield make_problem(
        "breast cancer (0/1)", X, y.astype(float), preprocess=StandardScaler(), stratify=y
    )
    X, digit = load_digits(return_X_y=True)
    one_column_each = np.eye(10)[digit]
    yield make_problem(
        "digits (10 targets)", X, one_column_each, preprocess=StandardScaler(), stratify=digit
    )


def golub():
    X, y = real_data.golub()
    return make_problem("golub (0/1)", X, y, preprocess=StandardScaler(), stratify=y)


def california():
    frame = real_data.california_table()
    y = frame.pop("median_house_value").to_numpy() / 1e5
    preprocess = make_pipeline(
        make_column_transformer(
            (OneHotEncoder(drop="first", sparse_output=False), ["ocean_proximity"]),
            remainder=make_pipeline(SimpleImputer(strategy="median"), StandardScaler()),
        ),
        PolynomialFeatures(2, include_bias=False),
        VarianceThreshold(),
        StandardScaler(),
    )
    return make_problem("california, squares", frame, y, preprocess=preprocess)


def debian():
    return make_problem("debian (sparse)", *real_data.debian(), lasso_share=0.05)


def problems():
    """All problems; a sentence says which are missing and why."""
    yield from shipped_problems()
    for read in (golub, california, debian):
        try:
            yield read()
        except real_data.MissingDataError as error:
            console.print(f"{read.__name__} is left out: {error}", soft_wrap=True)


# ---- fits side by side -------------------------------------------------------


def duality_gap(X, y, w, l1, l2):
    """The duality gap of w for 1/2 ||y - Xw - b||^2 + l1 ||w||_1 + l2/2 ||w||^2.

    For the lasso (l2 = 0) and for ridge (l1 = 0). It is written here once, in
    NumPy, so that both packages are judged by the same formula.
    """
    mean = np.asarray(X.mean(axis=0)).ravel()  # a sparse matrix gives a matrix
    residual = y - y.mean() - (X @ w - mean @ w)
    gradient = X.T @ residual - mean * residual.sum()
    if l1 == 0:
        return np.square(gradient - l2 * w).sum() / (2 * l2)
    squared = residual @ residual
    feasible = l1 / np.abs(gradient).max()
    s = np.clip(1 + w @ gradient / squared, -feasible, feasible)
    return (1 - s) ** 2 / 2 * squared + np.sum(l1 * np.abs(w) - s * w * gradient)


def allowed_gap_share(problem, model, l1, l2):
    """The worst duality gap over targets, in units of what TOL allows."""
    targets = problem.y.reshape(len(problem.y), -1).T
    coefs = np.atleast_2d(model.coef_).astype(np.float64)
    X = problem.X
    return max(
        duality_gap(X, y, w, l1, l2) / (TOL * np.square(y - y.mean()).sum())
        for y, w in zip(targets, coefs, strict=True)
    )


def interleaved_times(jobs):
    """Median seconds and last result of each job, run in turns after a warm-up."""
    results = {name: job() for name, job in jobs.items()}
    seconds = {name: [] for name in jobs}
    start = time.perf_counter()
    for _ in range(MAX_REPEATS):
        for name, job in jobs.items():
            forget_moments()
            before = time.perf_counter()
            results[name] = job()
            seconds[name].append(time.perf_counter() - before)
        if time.perf_counter() - start > SECONDS_FOR_REPEATS:
            break
    return {name: float(np.median(s)) for name, s in seconds.items()}, results


def fits(problem, kind):
    """What to fit for `kind`, and its l1 and l2 in the sum-of-squares objective."""
    n = problem.X.shape[0]
    if kind == "Ridge":
        options = {"alpha": problem.ridge_alpha, "tol": TOL}
        l1, l2 = 0.0, problem.ridge_alpha
    else:
        options = {"alpha": problem.lasso_alpha, "tol": TOL, "max_iter": MAX_ITER}
        l1, l2 = problem.lasso_alpha * n, 0.0
    jobs = {
        name: lambda package=package: getattr(package, kind)(**options).fit(problem.X, problem.y)
        for name, package in PACKAGES.items()
    }
    return jobs, l1, l2


def compare(problem, kind):
    """One row of the table."""
    jobs, l1, l2 = fits(problem, kind)
    with warnings.catch_warnings():
        # the gaps in the table say it
        warnings.simplefilter("ignore", ConvergenceWarning)
        seconds, models = interleaved_times(jobs)
    ours, theirs = models.values()
    gaps = [allowed_gap_share(problem, model, l1, l2) for model in (ours, theirs)]
    scores = [r2_score(problem.y_test, m.predict(problem.X_test)) for m in (ours, theirs)]
    difference = np.abs(ours.coef_ - theirs.coef_).max() / np.abs(theirs.coef_).max()
    time_ours, time_theirs = seconds.values()
    # times of answers that are not equally good are not comparable
    ratio = f"{time_theirs / time_ours:.1f}" if max(gaps) <= 1 else "-"
    return [
        problem.name,
        problem.shape,
        kind,
        f"{1e3 * time_ours:.2f}",
        f"{1e3 * time_theirs:.2f}",
        ratio,
        *(f"{score:.4f}" for score in scores),
        f"{difference:.0e}",
        *(f"{gap:.0e}" for gap in gaps),
    ]


def show_comparison():
    """Ridge and Lasso on every data set."""
    table = Table(box=None, padding=(0, 1), pad_edge=False, header_style="bold")
    table.add_column("data\n")
    table.add_column("rows x cols\n", justify="right")
    table.add_column("model\n")
    for header in (
        "fastreg\nms",
        "sklearn\nms",
        "times\nfaster",
        "fastreg\nR2",
        "sklearn\nR2",
        "coef_\ndiffers",
        "fastreg\ngap/tol",
        "sklearn\ngap/tol",
    ):
        table.add_column(header, justify="right")
    for problem in problems():
        for kind in ("Ridge", "Lasso"):
            table.add_row(*compare(problem, kind))
    console.print(table)
    console.print(
        f"\nFits at tol={TOL:g}. Times: medians of up to {MAX_REPEATS} fits each, in turns, after "
        "a warm-up.\n"
        "R2: on a quarter of the rows, held out. coef_ differs: largest difference over largest "
        "coefficient.\n"
        "gap/tol: duality gap over tol * ||y - mean(y)||^2, recomputed in float64; at most 1 is "
        "as asked.\n"
        "'-' in place of a ratio: one of the two did not reach that, so the times are not "
        "comparable.\n"
    )


# ---- a grid search -----------------------------------------------------------


def show_grid_search():
    """The same pipeline and search with each package's ElasticNet."""
    X, y = load_diabetes(return_X_y=True)
    X, X_test, y, y_test = train_test_split(X, y, random_state=0)
    grid = {
        "elasticnet__alpha": np.geomspace(10, 0.1, 15),
        "elasticnet__l1_ratio": [0.3, 0.7, 1.0],
    }

    def search(package):
        pipeline = make_pipeline(
            StandardScaler(),
            PolynomialFeatures(2, include_bias=False),
            package.ElasticNet(tol=1e-6, max_iter=MAX_ITER),
        )
        return GridSearchCV(pipeline, grid, cv=5).fit(X, y)

    seconds, found = interleaved_times(
        {name: lambda package=package: search(package) for name, package in PACKAGES.items()}
    )
    console.print(
        "[bold]GridSearchCV over StandardScaler, PolynomialFeatures(2), ElasticNet[/] on diabetes, "
        f"{len(X)} rows,\n{len(grid['elasticnet__alpha'])} alphas x "
        f"{len(grid['elasticnet__l1_ratio'])} l1_ratios x 5 folds, the same code for both:"
    )
    table = Table(box=None, padding=(0, 2), pad_edge=False, header_style="bold")
    table.add_column("ElasticNet of")
    for header in ("seconds", "best alpha", "best l1_ratio", "R2 in validation", "R2 held out"):
        table.add_column(header, justify="right")
    for name, result in found.items():
        table.add_row(
            name,
            f"{seconds[name]:.3f}",
            f"{result.best_params_['elasticnet__alpha']:.3g}",
            f"{result.best_params_['elasticnet__l1_ratio']:g}",
            f"{result.best_score_:.6f}",
            f"{result.score(X_test, y_test):.6f}",
        )
    console.print(table, "")


# ---- plots -------------------------------------------------------------------


def spread(values, distance):
    """`values` moved as little as needed to lie `distance` apart."""
    order = np.argsort(values)
    moved = np.array(values, dtype=float)[order]
    for _ in range(1000):
        overlap = distance - np.diff(moved)
        if overlap.max() <= 1e-9 * distance:
            break
        push = np.maximum(overlap, 0) / 2
        moved[:-1] -= push
        moved[1:] += push
    result = np.empty_like(moved)
    result[order] = moved
    return result


def plot_path(file):
    """How the lasso's coefficients of diabetes grow as alpha falls."""
    X, y = load_diabetes(return_X_y=True, as_frame=True)
    names = list(X.columns)
    alphas, coefs, _ = fastreg.lasso_path(
        StandardScaler().fit_transform(X), (y - y.mean()).to_numpy(), alphas=200, tol=TOL
    )
    figure, axes = plt.subplots(figsize=(9, 5.5), layout="constrained")
    lines = axes.semilogx(alphas, coefs.T, linewidth=1.8)
    axes.axhline(0, color="0.6", linewidth=0.8, zorder=0)
    axes.invert_xaxis()
    axes.margins(x=0)
    low, high = axes.get_ylim()
    heights = spread(coefs[:, -1], 0.045 * (high - low))
    for line, name, height, coef in zip(lines, names, heights, coefs[:, -1], strict=True):
        axes.annotate(
            name,
            xy=(1, coef),
            xytext=(1.05, height),
            xycoords=("axes fraction", "data"),
            textcoords=("axes fraction", "data"),
            color=line.get_color(),
            va="center",
            arrowprops={"arrowstyle": "-", "color": line.get_color(), "linewidth": 0.6},
            annotation_clip=False,
        )
    axes.set_xlabel("alpha, from strong to weak penalty")
    axes.set_ylabel("coefficient of the standardised feature")
    axes.set_title("Diabetes: the lasso path")
    figure.savefig(file, dpi=150)
    plt.close(figure)


def plot_validation(file):
    """R2 in training and validation over alpha, where the features are too many."""
    X, y = load_diabetes(return_X_y=True)
    pipeline = make_pipeline(
        StandardScaler(),
        PolynomialFeatures(3, include_bias=False),
        StandardScaler(),
        fastreg.Lasso(max_iter=MAX_ITER),
    )
    alphas = np.geomspace(0.05, 40, 40)
    train, validation = validation_curve(
        pipeline, X, y, param_name="lasso__alpha", param_range=alphas, cv=5
    )
    n_features = pipeline[:-1].fit_transform(X).shape[1]
    mean, deviation = validation.mean(axis=1), validation.std(axis=1)
    best = int(mean.argmax())
    good = np.flatnonzero(mean >= mean[best] - deviation[best] / np.sqrt(validation.shape[1]))

    figure, axes = plt.subplots(figsize=(9, 5.5), layout="constrained")
    axes.axvspan(alphas[0], alphas[good[0]], color="tab:red", alpha=0.10, linewidth=0)
    axes.axvspan(alphas[good[-1]], alphas[-1], color="tab:blue", alpha=0.10, linewidth=0)
    for scores, label, color in ((train, "training", "0.35"), (validation, "validation", "C2")):
        centre, spread_of_folds = scores.mean(axis=1), scores.std(axis=1)
        axes.plot(alphas, centre, color=color, linewidth=2, label=label)
        axes.fill_between(
            alphas,
            centre - spread_of_folds,
            centre + spread_of_folds,
            color=color,
            alpha=0.15,
            linewidth=0,
        )
    axes.axvline(alphas[best], color="black", linestyle="--", linewidth=1)
    axes.plot(alphas[best], mean[best], "o", color="C2", markeredgecolor="black", zorder=3)
    axes.annotate(
        f"best alpha {alphas[best]:.2g}\nvalidation R2 {mean[best]:.2f}",
        xy=(alphas[best], mean[best]),
        xytext=(12, -60),
        textcoords="offset points",
        arrowprops={"arrowstyle": "-", "linewidth": 0.8},
    )
    axes.set_xscale("log")
    axes.margins(x=0)
    bottom = max(axes.get_ylim()[0], -0.4)
    axes.set_ylim(bottom, 1)
    for place, text, color in (
        (np.sqrt(alphas[0] * alphas[good[0]]), "overfitting", "tab:red"),
        (np.sqrt(alphas[good[-1]] * alphas[-1]), "underfitting", "tab:blue"),
    ):
        axes.text(place, 0.97, text, color=color, ha="center", va="top", fontsize=12)
    axes.set_xlabel("alpha")
    axes.set_ylabel("R2, mean and standard deviation over 5 folds")
    axes.set_title(f"Diabetes with all products of up to 3 features ({n_features}): Lasso")
    axes.legend(loc="lower center", frameon=False)
    figure.savefig(file, dpi=150)
    plt.close(figure)


def main(folder="demo-output"):
    """Print the tables and write the plots."""
    # digits has pixels that are always blank: said once is enough, here
    warnings.simplefilter("ignore", fastreg.DiagnosticWarning)
    console.print(
        f"fastreg {fastreg.__version__} beside scikit-learn {sklearn.__version__}\n", style="bold"
    )
    show_grid_search()
    show_comparison()
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for name, plot in (("lasso_path.png", plot_path), ("validation_curve.png", plot_validation)):
        plot(folder / name)
        console.print(f"Plot written: {(folder / name).resolve()}", soft_wrap=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
