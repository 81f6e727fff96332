"""Fits of rows that come in chunks: what Ridge, Lasso and ElasticNet share of it.

Design
------
The state is the moments of all rows (`Stream`), from which the model is solved anew:

* each call of `partial_fit` ends with a solution, as users expect `coef_` after it. A
  solve costs p^3 or so, whatever the chunk: an iterator of chunks is absorbed whole
  and solved once;
* everything is in place and returns self, like `fit`. `merge` moves the other's rows
  in and leaves the other as it was. The moments depend on no parameter (see `Stream`),
  so the models may differ in theirs: one pass over the rows serves many models;
* parameters count when a solve begins; `refit` solves without rows;
* `fit` keeps no moments, which would cost what it saves, so it ends a stream. After it
  `partial_fit` starts a new one, as scikit-learn wants it to be possible, and warns that
  the rows of the fit are not in it;
* a call that fails leaves the estimator as it was, however many chunks came before.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from fastreg._engine.stream import (
    MIN_SHARE_LEFT,
    LostDigitsError,
    RowBuffer,
    memory_allowed,
    memory_needed,
    stream_of_rows,
)
from fastreg._engine.threads import fit_threads
from fastreg._typing import MatrixLike
from fastreg._validation import (
    check_chunk,
    check_finite,
    check_sample_weight,
    explained,
    solver_layout,
    unchanged_on_error,
)
from fastreg.exceptions import DiagnosticWarning


class StreamingMixin:
    """`partial_fit`, `merge`, `forget` and `refit`; not public.

    An estimator has `_check_parameters()`, `_check_stream(n_features, n_targets)` to
    raise for parameters that moments cannot serve (those that scikit-learn's own checks
    vary do it in `_serves_streams`, which hides `partial_fit`), and
    `_solve_stream(design, targets_shape, dtype)`, both called two frames below the user.
    """

    @available_if(lambda self: self._serves_streams())
    def partial_fit(
        self,
        X: MatrixLike | Iterator,
        y: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        """Absorb more rows; the model is then the fit on all rows so far, to rounding.

        The moments of the rows are kept, some 8 bytes times the square of the number of
        features, and no row. A memory map is read in blocks.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features), or iterator
            An iterator gives chunks ``(X, y)`` or ``(X, y, sample_weight)``: they are
            absorbed one by one, small ones of dense rows together, and the model is solved
            once, after the last.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            None for an iterator.
        sample_weight : float or array-like of shape (n_samples,), default=None
            Weights, at least 0, in one unit for all chunks; a number is the weight of
            each row of this one.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            For features or targets other than those of earlier chunks; for so many
            features that their moments don't fit into memory; for a parameter that needs
            the rows. The estimator is left as it was, without any chunk of this call.
        AttributeError
            For a solver of `Ridge` that needs the rows.

        Warns
        -----
        DiagnosticWarning
            If the model was fitted by `fit`, which keeps no moments: a new stream starts.
        ConvergenceWarning
            If the rounding of the moments is too large for `dual_gap_` to prove `tol`.
        """
        with unchanged_on_error(self):
            stream, part = self._begin(), self._absorb(X, y, sample_weight)
            if part is not None:
                stream = part if stream is None else stream.merge(part)
            if stream is None:
                raise ValueError("The iterator gave no chunk: pass one that gives (X, y).")
            self._hold(stream)
        return self

    def forget(
        self,
        X: MatrixLike | Iterator,
        y: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        """Remove rows that `partial_fit` absorbed, as if they never had been.

        The result is exact to the rounding of the largest moments ever held.

        Parameters
        ----------
        X, y, sample_weight : as in `partial_fit`
            What was absorbed, in chunks of any size.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            If less than a millionth of the largest moments would remain, of a column or
            a target about its mean, or of the weight: that would be rounding only. And as
            `partial_fit`. The estimator is left as it was.
        """
        with unchanged_on_error(self):
            self._check_streams("forget")
            stream, part = self._begin(), self._absorb(X, y, sample_weight)
            if part is not None:
                stream = self._without(stream, part)
            self._hold(stream)
        return self

    def merge(self, other: StreamingMixin) -> Self:
        """Absorb all rows that another model has absorbed.

        Parameters
        ----------
        other : Ridge, Lasso or ElasticNet
            Fitted by `partial_fit` or `merge`; left as it is. Its parameters don't
            matter: a new ``Lasso(alpha).merge(ridge)`` is the lasso on the rows of
            `ridge`.

        Returns
        -------
        self : object

        Raises
        ------
        TypeError, ValueError
            If the other holds no rows, or others' features or targets. The estimator
            is left as it was.
        """
        with unchanged_on_error(self):
            if not isinstance(other, StreamingMixin):
                raise TypeError(
                    f"other is {other!r}: pass a Ridge, Lasso or ElasticNet that was fitted by "
                    "partial_fit."
                )
            other._check_streams("merge")
            stream, part = self._begin(), other._stream
            if stream is None:
                for name in ("n_features_in_", "feature_names_in_"):
                    vars(self).pop(name, None)
                    if name in vars(other):
                        setattr(self, name, getattr(other, name))
            else:
                self._check_same_features(other)
                self._check_same_targets(other._targets_shape)
                part = stream.merge(part)
            self._targets_shape = other._targets_shape
            self._check_stream(self.n_features_in_, int(np.prod(self._targets_shape)))
            self._hold(part)
        return self

    def refit(self) -> Self:
        """Solve again for the parameters as they are now, from the rows absorbed so far.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            If the model was not fitted by `partial_fit` or `merge`.
        """
        with unchanged_on_error(self):
            self._check_streams("refit")
            stream = self._begin()
            self._check_stream(self.n_features_in_, int(np.prod(self._targets_shape)))
            self._hold(stream)
        return self

    def _serves_streams(self):
        """True, or an error for a solver that needs rows."""
        return True

    # ---- the stream ------------------------------------------------------------

    def _begin(self):
        """The stream so far, or None where one starts."""
        self._check_parameters()
        self._serves_streams()
        stream = vars(self).get("_stream")
        if stream is None and "coef_" in vars(self):
            warnings.warn(
                f"This {type(self).__name__} was fitted by fit, which keeps no moments of its "
                "rows: they are not among those of the stream that starts here. Call partial_fit "
                "on them too, or start with clone(model).",
                DiagnosticWarning,
                stacklevel=3,
            )
        return stream

    def _check_streams(self, method):
        """Raise where there is no stream for `method`."""
        check_is_fitted(self, "coef_")
        if "_stream" not in vars(self):
            raise ValueError(
                f"{method} needs a model that was fitted by partial_fit, and this "
                f"{type(self).__name__} was fitted by fit, which keeps no moments of its rows."
            )

    def _end_stream(self):
        """Forget everything: `fit` starts over."""
        for name in ("_stream", "_targets_shape", "n_samples_seen_"):
            vars(self).pop(name, None)

    def _hold(self, stream):
        """Keep `stream` and solve."""
        if stream.moments.total_weight == 0:
            raise ValueError(
                "sample_weight is zero for every sample so far: give at least one some weight."
            )
        self._stream = stream
        self.n_samples_seen_ = stream.n_samples
        design = stream.design(self.fit_intercept)
        with fit_threads():
            self._solve_stream(design, self._targets_shape, stream.dtype)

    def _without(self, stream, part):
        try:
            return stream.without(part)
        except LostDigitsError as error:
            raise ValueError(self._what_is_lost(error)) from None

    def _what_is_lost(self, error):
        if error.what == "rows":
            return "X has more rows than were absorbed: forget only rows that partial_fit got."
        if error.what == "weight":
            subject = "the weight of all rows"
        elif error.what == "columns":
            names = getattr(self, "feature_names_in_", np.arange(self.n_features_in_))
            shown = ", ".join(str(name) for name in names[error.indices[:5]])
            more = ", ..." if len(error.indices) > 5 else ""
            subject = f"the squared deviations of X's columns {shown}{more}"
        else:
            subject = f"the squared deviations of y (targets {error.indices[:5].tolist()})"
        return (
            f"Too little would remain: less than {MIN_SHARE_LEFT:g} of the largest that "
            f"{subject} ever were, which is lost in their rounding. Forget only rows that were "
            "absorbed; to forget these, start anew with clone(model) and partial_fit what remains."
        )

    # ---- chunks ----------------------------------------------------------------

    def _absorb(self, X, y, sample_weight):
        """The Stream of these rows alone, None for no chunk."""
        if not isinstance(X, Iterator):
            if y is None:
                raise ValueError(
                    f"{type(self).__name__} requires y to be passed, but the target y is None. "
                    "Pass partial_fit(X, y), or an iterator of chunks (X, y): iter(chunks)."
                )
            return self._absorb_chunk(X, y, sample_weight)
        if y is not None or sample_weight is not None:
            raise ValueError(
                "y and sample_weight come with each chunk of an iterator: let it give "
                "(X, y, sample_weight), and pass nothing else."
            )
        buffer, total = RowBuffer(), None
        for k, chunk in enumerate(X):
            with explained(f"Chunk {k}", "No chunk of this iterator was used."):
                if not isinstance(chunk, tuple | list) or len(chunk) not in (2, 3):
                    raise TypeError(
                        f"it is of type {type(chunk).__name__}, not (X, y) or "
                        "(X, y, sample_weight)."
                    )
                rows = self._check_chunk(*chunk)
                # what is small waits for more
                ready = buffer.add(*rows) if buffer.takes(*rows) else [rows]
                for part in ready:
                    part = self._stream_of(*part)
                    total = part if total is None else total.merge(part)
        for part in buffer.empty():
            part = self._stream_of(*part)
            total = part if total is None else total.merge(part)
        return total

    def _absorb_chunk(self, X, y, sample_weight=None):
        return self._stream_of(*self._check_chunk(X, y, sample_weight))

    def _check_chunk(self, X, y, sample_weight=None):
        first = "_targets_shape" not in vars(self)
        X, y = check_chunk(self, X, y, first=first)
        weights = check_sample_weight(sample_weight, X.shape[0], all_zero=True)
        if first:
            self._targets_shape = y.shape[1:]
        self._check_same_targets(y.shape[1:])
        self._check_room(X.shape[1])
        self._check_stream(X.shape[1], int(np.prod(y.shape[1:])))
        return X, y, weights

    def _stream_of(self, X, y, weights):
        def check(design, block, y):
            check_finite(self, design, block, y)
            for name, sizes in (("X", design.sq_norm), ("y", design.squared_norms)):
                if not np.isfinite(sizes.sum()):
                    raise ValueError(f"The squares of {name} overflow: rescale {name}.")

        # not around an iterator, whose own work may want the BLAS's threads
        with fit_threads():
            return stream_of_rows(X, y, weights, solver_layout, check)

    def _check_room(self, n_features):
        needed, allowed = memory_needed(n_features), memory_allowed()
        if needed > allowed:
            raise ValueError(
                f"X has {n_features} features: adding up their moments takes "
                f"{needed / 1e9:.0f} GB, more than the {allowed / 1e9:.0f} GB that may be used "
                "on this machine. Choose fewer features, or use fit on the rows."
            )

    def _check_same_targets(self, shape):
        if shape != self._targets_shape:
            raise ValueError(
                f"y has shape {_described(shape)}, that of the rows so far has shape "
                f"{_described(self._targets_shape)}: pass the same targets for all rows."
            )

    def _check_same_features(self, other):
        mine, theirs = (vars(model).get("feature_names_in_") for model in (self, other))
        if self.n_features_in_ != other.n_features_in_:
            raise ValueError(
                f"The models to merge have {self.n_features_in_} and {other.n_features_in_} "
                "features: merge models of the same columns."
            )
        if mine is not None and theirs is not None and not np.array_equal(mine, theirs):
            j = int((mine != theirs).argmax())
            raise ValueError(
                f"The models to merge have other feature names: feature {j} is {mine[j]!r} in one "
                f"and {theirs[j]!r} in the other. Merge models of the same columns, in one order."
            )


def _described(shape):
    return "(n_samples,)" if shape == () else f"(n_samples, {shape[0]})"
