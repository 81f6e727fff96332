"""Dense X for solvers that visit one row at a time, in random order."""

import numpy as np

from fastreg._engine.design import has_whole_strides

# X in Fortran order costs a cache line for each element of a row. One up to this size is
# turned into C order for it, which takes less than an epoch gains.
MAX_TURNED_BYTES = 1 << 30


def for_rows(X):
    """Dense X in C order where that pays; otherwise as it is, if kernels can read it."""
    is_by_columns = X.strides[0] == X.itemsize < X.strides[1]
    if (is_by_columns and X.nbytes <= MAX_TURNED_BYTES) or not has_whole_strides(X):
        return np.array(X, order="C")  # a copy even where only the alignment is wrong
    return X
