"""One row of a table: two measurements, what divides them, and the figure wanted."""

from dataclasses import dataclass

from benchmarks.timing import Spread


@dataclass
class Row:
    """A measurement beside a reference.

    Parameters
    ----------
    family, case : str
        Which table, and what was measured.
    measured, reference : Spread or None
        In `unit`.
    reference_name : str
        Whose the reference is: a library, one thread, an empty start.
    unit : {"s", "B"}
    value : Spread or None
        The figure of the row, None where it is refused or is `reason`.
    value_kind : {"times", "share", "s", "slope"}
        A ratio, a share of 1, seconds, or the exponent of a power law.
    at_least, at_most : float or None
        The figure wanted of `value`'s median.
    accuracy : dict
        For each contestant, how accurate it was; compared with `tolerance`.
    passes, pass_seconds, pass_share : float or None
        fastreg's passes over X, the time of one, and the speed at which it reads
        X as a share of the machine's copy (more than 1 where X lies in a cache).
    limit_share : float or None
        The time in which the machine would read X as often, or multiply as much, as a
        share of fastreg's.
    limit_name : {"copy", "GEMM", ""}
        Which of the two that is.
    axis, at : str, float or None
        What grows over the rows of a series, and how far it is.
    reason : str or None
        Why there is no value, or a remark on it.
    """

    family: str
    case: str
    measured: Spread | None = None
    reference: Spread | None = None
    reference_name: str = ""
    unit: str = "s"
    value: Spread | None = None
    value_kind: str = "times"
    at_least: float | None = None
    at_most: float | None = None
    accuracy: dict | None = None
    tolerance: float | None = None
    passes: float | None = None
    pass_seconds: float | None = None
    pass_share: float | None = None
    limit_share: float | None = None
    limit_name: str = ""
    axis: str = ""
    at: float | None = None
    reason: str | None = None

    @property
    def key(self):
        """What tells a row from all others of a run."""
        return self.family, self.case, self.reference_name

    @classmethod
    def from_dict(cls, content):
        """A row as it was written to JSON."""
        content = {name: value for name, value in content.items() if name != "met"}
        for name in ("measured", "reference", "value"):
            if content[name] is not None:
                content[name] = Spread(**content[name])
        return cls(**content)

    @property
    def met(self):
        """Whether the figure is met; None where there is none, or no value."""
        if self.value is None or (self.at_least is None and self.at_most is None):
            return None
        if self.at_least is not None and self.value.median < self.at_least:
            return False
        return self.at_most is None or self.value.median <= self.at_most


def skipped(family, case, reason):
    """A row that says why it is empty."""
    return Row(family, case, reason=str(reason))
