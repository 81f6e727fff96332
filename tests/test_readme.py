"""What the README says holds: its code, commands, numbers and links."""

import contextlib
import importlib.util
import io
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w*)\n(.*?)```", TEXT, re.DOTALL)
LARGEST_PLOT = 60_000


def times():
    """docs/times.py, which is no package's."""
    spec = importlib.util.spec_from_file_location("times", ROOT / "docs" / "times.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_python_prints_what_follows():
    blocks = [k for k, (language, _) in enumerate(BLOCKS) if language == "python"]
    assert blocks
    for k in blocks:
        output = io.StringIO()
        with contextlib.redirect_stdout(output):
            exec(BLOCKS[k][1], {})
        assert output.getvalue() == BLOCKS[k + 1][1]


def test_one_line_changes():
    [diff] = [code for language, code in BLOCKS if language == "diff"]
    for line in diff.splitlines():
        assert line[:2] in ("- ", "+ ")
        exec(line[2:], {})


def test_shell_commands_are_known():
    """Commands that take minutes are not run: make is asked whether it knows them."""
    shell = [code.strip() for language, code in BLOCKS if not language and code.startswith("pip")]
    assert shell == ["pip install ."]
    assert (ROOT / "pyproject.toml").is_file()
    targets = sorted(set(re.findall(r"`make (\w+)`", TEXT)))
    assert {"demo", "test", "docs"} <= set(targets)
    if not shutil.which("make"):
        pytest.skip("there is no make")
    for target in targets:
        subprocess.run(
            ["make", "--dry-run", target], cwd=ROOT, check=True, capture_output=True, timeout=60
        )


def test_table_and_plot_show_what_was_measured():
    assert times().table() in TEXT
    plot = (ROOT / "docs" / "_static" / "times.svg").read_text(encoding="utf-8")
    assert len(plot) < LARGEST_PLOT
    for row in times().rows():
        assert row["what"] in plot
        assert times().duration(row["fastreg"]) in plot


def test_links_lead_somewhere():
    links = [link for link in re.findall(r"\]\(([^)#]+)", TEXT) if "://" not in link]
    assert len(links) > 5
    for link in links:
        assert (ROOT / link).is_file(), link
