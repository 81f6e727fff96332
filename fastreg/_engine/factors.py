"""Factors that are kept from one solve, or walk along the path, to the next."""


class Factors:
    """One of each kind, for the same coordinates, made when it is first asked for.

    Parameters
    ----------
    capacity : int
        How many coordinates there may be.
    """

    def __init__(self, capacity):
        self.capacity = capacity
        self._by_kind = {}

    def of(self, kind):
        """The FaceFactor or InverseFactor, as `kind` says."""
        if kind not in self._by_kind:
            self._by_kind[kind] = kind(self.capacity)
        return self._by_kind[kind]

    def clear(self):
        """Forget all coordinates: their numbers mean others now."""
        for factor in self._by_kind.values():
            factor.clear()
