"""Runs of the benchmarks: JSON and back, merged, compared, shown."""

from argparse import Namespace

import pytest

from benchmarks import compare, pages, report, storage
from benchmarks.rows import Row
from benchmarks.timing import Spread

MACHINE = {
    "date": "2026-01-01 00:00 UTC",
    "cpu": "a processor",
    "cores": 2,
    "cores_usable": 2,
    "caches": {"L2": "512K"},
    "memory_GB": 8.0,
    "threads": 2,
    "python": "3.12",
    "versions": {"scikit-learn": "1.9.1", "jax": None},
    "blas": ["openblas"],
    "copy_GB_per_s": 20.0,
    "gemm_GFLOP_per_s": 80.0,
    "gemm32_GFLOP_per_s": 160.0,
}


def make_row(ratio=10.0, case="a case", family="lasso", spread=0.01, seconds=0.1, **more):
    def around(x):
        return Spread(x, x * (1 - spread), x * (1 + spread))

    return Row(
        family,
        case,
        measured=around(seconds),
        reference=around(seconds * ratio),
        reference_name="sklearn",
        value=around(ratio),
        accuracy={"fastreg": 1e-9, "sklearn": 1e-8},
        **more,
    )


def make_run(*rows, quick=False, only="", **machine):
    run = storage.Run({**MACHINE, **machine})
    for family in dict.fromkeys(row.family for row in rows):
        arguments = Namespace(quick=quick, against="sklearn", only=only)
        run.add(family, [row for row in rows if row.family == family], 1.0, arguments)
    return run


def test_json_gives_the_same_run_again(tmp_path):
    empty = Row("lasso", "nothing", reason="no data")
    run = make_run(make_row(at_least=4.0, limit_share=0.5, limit_name="copy"), empty)
    again = storage.load(storage.save(tmp_path / "run.json", run))
    assert again.rows[0].met
    assert again.rows[1] == empty
    assert again.families == run.families
    assert again.machine == run.machine
    assert again.rows[0].value.median == run.rows[0].value.median


def test_append_replaces_families_that_were_measured(tmp_path):
    path = tmp_path / "run.json"
    storage.save(path, make_run(make_row(1.0), make_row(2.0, case="other"), make_row(family="cv")))
    storage.save(path, make_run(make_row(3.0)), append=True)
    rows = {row.key[:2]: row.value.median for row in storage.load(path).rows}
    assert rows == {("lasso", "a case"): 3.0, ("cv", "a case"): 10.0}


def test_append_of_some_races_replaces_these_alone(tmp_path):
    path = tmp_path / "run.json"
    storage.save(path, make_run(make_row(1.0), make_row(2.0, case="other")))
    storage.save(path, make_run(make_row(3.0), only="a case"), append=True)
    assert {row.case: row.value.median for row in storage.load(path).rows} == {
        "a case": 3.0,
        "other": 2.0,
    }


def test_append_refuses_another_machine(tmp_path):
    path = tmp_path / "run.json"
    storage.save(path, make_run(make_row()))
    with pytest.raises(ValueError, match="cpu a processor, here another"):
        storage.save(path, make_run(make_row(), cpu="another"), append=True)


def test_a_file_of_something_else_is_refused(tmp_path):
    (tmp_path / "x.json").write_text('{"machine": {}, "rows": []}')
    with pytest.raises(ValueError, match="has no families"):
        storage.load(tmp_path / "x.json")


@pytest.mark.parametrize(
    ("ratio", "spread", "verdict"),
    [
        (5.0, 0.01, compare.SLOWER),
        (20.0, 0.01, compare.FASTER),
        (9.7, 0.001, compare.SAME),  # apart, but by less than the noise
        (8.0, 0.3, compare.SAME),  # the ranges meet
    ],
)
def test_ratios_are_judged_beyond_the_spread(ratio, spread, verdict):
    (found,) = compare.judge(make_run(make_row()), make_run(make_row(ratio, spread=spread)))
    assert found.ratio == verdict
    assert found.is_slower == (verdict == compare.SLOWER)


def test_a_busier_machine_is_not_a_slower_library():
    (found,) = compare.judge(make_run(make_row()), make_run(make_row(seconds=0.3)))
    assert (found.ratio, found.time) == (compare.SAME, compare.SLOWER)
    assert not found.is_slower


def test_more_memory_is_worse():
    def row(share):
        return make_row(share, value_kind="share", at_most=0.15)

    (found,) = compare.judge(make_run(row(0.05)), make_run(row(0.1)))
    assert found.ratio == compare.SLOWER


def test_a_ratio_that_is_refused_now_is_reported():
    refused = make_row()
    refused.value = None
    (found,) = compare.judge(make_run(make_row()), make_run(refused))
    assert found.ratio == compare.LOST
    assert found.is_slower


def test_quick_and_full_runs_are_not_compared():
    assert not compare.judge(make_run(make_row(), quick=True), make_run(make_row()))


def test_comparison_names_what_got_slower(capsys):
    verdicts = compare.judge(make_run(make_row()), make_run(make_row(5.0)))
    report.show_comparison(verdicts, "old.json")
    shown = capsys.readouterr().out
    assert "slower" in shown
    assert "1 rows are in both runs: 1 got slower" in shown


def test_pages_tell_times_accuracy_and_machine(tmp_path):
    pytest.importorskip("matplotlib")
    family, case, words = pages.HEADLINES[0]
    points = [
        make_row(family="scaling", case=f"Lasso against n: {n}", axis="n", at=n, seconds=n / 1e5)
        for n in (10.0, 100.0)
    ]
    run = make_run(make_row(family=family, case=case), *points)
    pages.write(storage.save(tmp_path / "run.json", run), tmp_path)
    times, everything = ((tmp_path / f"{name}.rst").read_text() for name in ("times", "benchmarks"))
    assert words in times
    assert "at equal accuracy" in times
    for expected in ("a processor", "1e-09 / 1e-08", "10.00x", "lasso.png", "scaling.png"):
        assert expected in everything
    assert (tmp_path / "lasso.png").exists()
    assert (tmp_path / "scaling.png").exists()
