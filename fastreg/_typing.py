"""Names for the annotations of the public interface."""

import scipy.sparse as sp
from numpy.typing import ArrayLike

# A matrix in any form that estimators take: arrays, frames, SciPy's sparse kinds.
MatrixLike = ArrayLike | sp.spmatrix | sp.sparray
