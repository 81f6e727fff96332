"""Progress of long work, with tqdm and without."""

import sys
from types import ModuleType

import pytest

from fastreg._progress import check_verbose, progress


def run(verbose):
    return list(progress(iter("abc"), 3, "letters", verbose, "letter {}".format))


@pytest.mark.parametrize("verbose", [False, 0])
def test_quiet(verbose, capsys):
    assert run(verbose) == ["a", "b", "c"]
    captured = capsys.readouterr()
    assert captured.out == captured.err == ""


@pytest.mark.parametrize("verbose", [True, 1, 2])
def test_lines_where_tqdm_is_missing(verbose, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    assert run(verbose) == ["a", "b", "c"]
    assert capsys.readouterr().out.splitlines() == [
        "letters 1/3: letter a",
        "letters 2/3: letter b",
        "letters 3/3: letter c",
    ]


def test_a_step_is_told_when_it_is_done(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    steps = progress(iter("abc"), 3, "letters", True)
    assert capsys.readouterr().out == ""
    next(steps)
    assert len(capsys.readouterr().out.splitlines()) == 1


class Bar:
    """What is used of tqdm's bar."""

    made = ()

    def __init__(self, total, desc):
        self.total, self.desc, self.n, self.texts, self.open = total, desc, 0, [], False
        Bar.made = (*Bar.made, self)

    def __enter__(self):
        self.open = True
        return self

    def __exit__(self, *error):
        self.open = False

    def set_postfix_str(self, text, refresh):
        self.texts.append(text)

    def update(self):
        self.n += 1


@pytest.fixture
def bars(monkeypatch):
    package, auto = ModuleType("tqdm"), ModuleType("tqdm.auto")
    auto.tqdm = Bar
    monkeypatch.setitem(sys.modules, "tqdm", package)
    monkeypatch.setitem(sys.modules, "tqdm.auto", auto)
    monkeypatch.setattr(Bar, "made", ())
    return lambda: Bar.made


def test_a_bar_where_tqdm_is_installed(bars, capsys):
    assert run(True) == ["a", "b", "c"]
    (bar,) = bars()
    assert (bar.total, bar.desc, bar.n, bar.open) == (3, "letters", 3, False)
    assert bar.texts == ["letter a", "letter b", "letter c"]
    assert capsys.readouterr().out == ""


def test_a_bar_is_closed_where_work_ends_early(bars):
    steps = progress(iter("abc"), 3, "letters", True)
    next(steps)
    (bar,) = bars()
    assert bar.open
    steps.close()
    assert not bar.open


def test_the_real_tqdm(capsys):
    pytest.importorskip("tqdm")
    assert run(True) == ["a", "b", "c"]
    assert "letters" in capsys.readouterr().err


@pytest.mark.parametrize("verbose", [True, False, 0, 3])
def test_good_values(verbose):
    check_verbose(verbose)


@pytest.mark.parametrize(
    ("verbose", "error"), [(None, TypeError), (1.0, TypeError), (-1, ValueError)]
)
def test_bad_values(verbose, error):
    with pytest.raises(error, match="verbose"):
        check_verbose(verbose)
