"""Progress of long work: a bar where tqdm is installed, a line for each step otherwise."""

from collections.abc import Callable, Iterable, Iterator
from numbers import Integral
from typing import TypeVar

Step = TypeVar("Step")


def progress(
    iterable: Iterable[Step],
    total: int,
    description: str,
    verbose: bool | int,
    describe: Callable[[Step], str] = str,
) -> Iterator[Step]:
    """Yield what `iterable` yields and, where `verbose`, say how far it is.

    Parameters
    ----------
    iterable : iterable
    total : int
        How many steps there are at most.
    description : str
        What is being done.
    verbose : bool or int
        False or 0 says nothing.
    describe : callable
        The text of a step.
    """
    if not verbose:
        yield from iterable
        return
    try:
        from tqdm.auto import tqdm
    except ImportError:
        for k, step in enumerate(iterable, start=1):
            print(f"{description} {k}/{total}: {describe(step)}", flush=True)
            yield step
        return
    with tqdm(total=total, desc=description) as bar:
        for step in iterable:
            bar.set_postfix_str(describe(step), refresh=False)
            bar.update()
            yield step


def check_verbose(verbose):
    """Raise unless `verbose` is a bool or an integer of at least 0."""
    if not isinstance(verbose, Integral) or verbose < 0:
        raise (ValueError if isinstance(verbose, Integral) else TypeError)(
            f"verbose must be True, False or an integer >= 0, got {verbose!r}: pass one of these."
        )
