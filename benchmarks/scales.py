"""How time grows: the exponent of a power law."""

import numpy as np


def slope_of(at, seconds):
    """The slope of log(seconds) over log(at), by least squares; nan for a single point."""
    if len(at) < 2:
        return float("nan")
    return float(np.polyfit(np.log(at), np.log(seconds), 1)[0])
