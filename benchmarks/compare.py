"""Two runs row by row: what got slower beyond the spread of both."""

from dataclasses import dataclass

# Medians nearer than this are the same whatever the spread: few rounds understate it.
NOISE = 0.05
SLOWER, FASTER, SAME = "slower", "faster", "same"
LOST, FOUND = "no value any more", "a value now"
WORDS = {SLOWER, FASTER, SAME, LOST, FOUND}


@dataclass
class Verdict:
    """What became of a row: of its ratio, which a busy machine leaves alone, and its time.

    `ratio` and `time` are among WORDS, or None where there is nothing to compare.
    """

    row: object
    old: object
    ratio: str | None
    time: str | None

    @property
    def is_slower(self):
        """A ratio fell or is lost; a time alone counts where there is no ratio."""
        return self.ratio in (SLOWER, LOST) or (self.ratio is None and self.time == SLOWER)


def judge(old, new):
    """Verdicts on the rows that both runs have, in the order of the new."""
    before = {row.key: row for row in old.rows}
    quick = {name: new.families[name]["quick"] for name in new.families}
    verdicts = []
    for row in new.rows:
        known = before.get(row.key)
        if known is None or old.families[row.family]["quick"] != quick[row.family]:
            continue
        verdicts.append(Verdict(row, known, _ratio(known, row), _time(known, row)))
    return verdicts


def any_slower(verdicts):
    """Whether anything did."""
    return any(verdict.is_slower for verdict in verdicts)


def _ratio(old, new):
    if new.value_kind == "slope" or (old.value is None and new.value is None):
        return None
    if new.value is None or old.value is None:
        return LOST if new.value is None else FOUND
    # a row that is bounded above (memory, import) is better when smaller
    larger = FASTER if new.value_kind == "times" and new.at_most is None else SLOWER
    if new.value_kind == "share" and new.at_least is not None:
        larger = FASTER
    return _changed(old.value, new.value, larger)


def _time(old, new):
    if old.measured is None or new.measured is None:
        return None
    return _changed(old.measured, new.measured, SLOWER)


def _changed(old, new, larger):
    """`larger` or its opposite where the ranges are apart, and the medians by more than NOISE."""
    smaller = FASTER if larger == SLOWER else SLOWER
    if new.low > old.high and new.median > old.median * (1 + NOISE):
        return larger
    if new.high < old.low and new.median < old.median / (1 + NOISE):
        return smaller
    return SAME
