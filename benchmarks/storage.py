"""A run as JSON: the machine, when and how each family was measured, and its rows."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from benchmarks.rows import Row

RESULTS = Path(__file__).resolve().parent / "results"
# What two runs must share for their families to stand in one file.
SAME = ("cpu", "threads", "memory_GB")


@dataclass
class Run:
    """Rows of several families, measured on one machine.

    `families` holds, by name, the seconds and the date of the measurement, the options,
    and the machine's limits at that time.
    """

    machine: dict
    families: dict = field(default_factory=dict)
    rows: list = field(default_factory=list)

    def add(self, name, rows, seconds, arguments):
        """Put a family's rows in, in place of those it had."""
        self.rows = [row for row in self.rows if row.family != name] + list(rows)
        self.families[name] = {
            "seconds": round(seconds, 1),
            "date": self.machine["date"],
            "quick": arguments.quick,
            "only": arguments.only,
            "against": arguments.against,
            "copy_GB_per_s": self.machine["copy_GB_per_s"],
            "gemm_GFLOP_per_s": self.machine["gemm_GFLOP_per_s"],
        }

    def of_family(self, name):
        """Its rows, in order."""
        return [row for row in self.rows if row.family == name]


def load(path):
    """A run that was saved; a bare file name is looked for in benchmarks/results/ too."""
    content = json.loads(_existing(path).read_text())
    missing = {"machine", "families", "rows"} - set(content)
    if missing:
        raise ValueError(f"{path} has no {', '.join(sorted(missing))}: measure it anew")
    rows = [Row.from_dict(row) for row in content["rows"]]
    return Run(content["machine"], content["families"], rows)


def save(path, run, *, append=False):
    """Write it; `append` keeps the families in the file that the run doesn't have."""
    path = _place(path)
    if append and path.exists():
        run = merge(load(path), run)
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {
        "machine": run.machine,
        "families": run.families,
        "rows": [{**_compact(row), "met": row.met} for row in run.rows],
    }
    path.write_text(json.dumps(content, indent=1) + "\n")
    return path


def merge(old, new):
    """The families of both; those of `new` where both have one, or its rows with `--only`."""
    for name in SAME:
        if old.machine[name] != new.machine[name]:
            raise ValueError(
                f"the file is of another machine: {name} {old.machine[name]}, "
                f"here {new.machine[name]}; write to another file"
            )
    known = {n: v for n, v in old.machine["versions"].items() if v}
    now = {n: v for n, v in new.machine["versions"].items() if v}
    machine = {**new.machine, "versions": {**new.machine["versions"], **known, **now}}
    whole = {name for name, how in new.families.items() if not how["only"]}
    measured = {row.key for row in new.rows}
    rows = [row for row in old.rows if row.family not in whole and row.key not in measured]
    return Run(machine, {**old.families, **new.families}, rows + new.rows)


def _compact(row):
    """A row's fields with numbers of six digits."""
    return json.loads(json.dumps(asdict(row)), parse_float=lambda text: float(f"{float(text):.6g}"))


def _place(path):
    path = Path(path)
    bare = path.parent == Path() and not path.is_absolute()
    return RESULTS / path if bare else path


def _existing(path):
    return Path(path) if Path(path).exists() else _place(path)
