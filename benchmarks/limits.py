"""What a job cannot do without, beside what the machine can do."""

from dataclasses import dataclass

import numpy as np


@dataclass
class Work:
    """Bytes of X to be read and operations of matrix products, at the least.

    Operations are those of the products alone: n p^2 for a Gram, which is symmetric.
    """

    bytes: float = 0.0
    flops: float = 0.0
    dtype: type = np.float64

    def limit(self, settings):
        """Seconds the machine would need for the slower of the two, and its name."""
        product = settings.gemm_rates[np.dtype(self.dtype).name]
        return max((self.bytes / settings.copy_rate, "copy"), (self.flops / product, "GEMM"))


def gram_work(problem, products=1):
    """Reading X, and the Gram of its columns or rows, whichever are fewer.

    Leave-one-out needs a product of X with as many vectors too: three Grams' operations.
    """
    n, p = problem.X.shape
    return Work(bytes=problem.nbytes, flops=float(products * n * p * min(n, p)))
