"""Rows as a table in the terminal."""

from benchmarks.compare import FASTER

HEADER = (
    "problem",
    "fastreg",
    "beside",
    "result (range)",
    "accuracy",
    "passes",
    "one pass",
    "limit",
    "wanted",
    "met",
)


def machine_lines(machine):
    """What the machine is, for people."""
    versions = ", ".join(f"{name} {v}" for name, v in machine["versions"].items() if v)
    return [
        f"{machine['cpu']}, {machine['cores_usable']} of {machine['cores']} cores, "
        f"{machine['memory_GB']} GB; {machine['threads']} threads for everyone; "
        f"caches {', '.join(f'{name} {size}' for name, size in machine['caches'].items())}",
        f"Python {machine['python']}, {versions}",
        f"BLAS: {'; '.join(machine['blas'])}",
        f"limits: copy {machine['copy_GB_per_s']:.1f} GB/s read and written, "
        f"matrix product {machine['gemm_GFLOP_per_s']:.0f} GFLOP/s "
        f"(float32 {machine['gemm32_GFLOP_per_s']:.0f})",
    ]


def show(title, rows):
    """Print the rows of one family."""
    header, cells = table(rows)
    if cells:
        _show_table(title, header, cells)
    for row in rows:
        if row.reason:
            print("  " + remark(row))
    print(flush=True)


def table(rows):
    """The header and the cells, without the columns that would be empty."""
    cells = [_cells(row) for row in rows if row.measured or row.value]
    filled = [k for k in range(len(HEADER)) if any(line[k] for line in cells)]
    return [HEADER[k] for k in filled], [[line[k] for k in filled] for line in cells]


def show_comparison(verdicts, path):
    """Print what got slower or faster, and how much was looked at."""
    moved = [v for v in verdicts if v.is_slower or v.ratio == FASTER]
    header = ["family", "problem", "before", "now", "result before", "now", "verdict"]
    cells = [
        [
            v.row.family,
            v.row.case + _beside(v.row),
            _quantity(v.old.measured, v.row.unit),
            _quantity(v.row.measured, v.row.unit),
            _value(v.old),
            _value(v.row),
            v.ratio or v.time,
        ]
        for v in moved
    ]
    if moved:
        _show_table(f"beside {path}", header, cells)
    slower = sum(v.is_slower for v in verdicts)
    in_time = sum(v.time == "slower" and not v.is_slower for v in verdicts)
    print(
        f"{len(verdicts)} rows are in both runs: {slower} got slower beside their reference "
        f"beyond the spread of both; {in_time} more in time alone, as on a busier machine.\n"
    )


def _show_table(title, header, cells):
    try:
        _show_rich(title, header, cells)
    except ImportError:
        _show_plain(title, header, cells)


def _show_rich(title, header, cells):
    from rich.console import Console
    from rich.table import Table

    console = Console()
    if not console.is_terminal:
        console = Console(width=200)
    table = Table(title=title, title_justify="left")
    for k, name in enumerate(header):
        table.add_column(name, justify="right" if k else "left", overflow="fold")
    colours = {"yes": "green", "no": "red", "faster": "green", "slower": "red"}
    for row in cells:
        table.add_row(*row, style=colours.get(row[-1]))
    console.print(table)


def _show_plain(title, header, cells):
    table = [header, *cells]
    widths = [max(len(line[k]) for line in table) for k in range(len(header))]
    print(title)
    for line in table:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)))


def _cells(row):
    return (
        row.case,
        _quantity(row.measured, row.unit),
        (_quantity(row.reference, row.unit) + " " + row.reference_name).strip(),
        _value(row),
        " / ".join(f"{value:.0e}" for value in (row.accuracy or {}).values()),
        f"{row.passes:.1f}" if row.passes is not None else "",
        _one_pass(row),
        limit(row),
        _wanted(row),
        {None: "", True: "yes", False: "no"}[row.met],
    )


def remark(row):
    """What a row has to say."""
    return f"{row.case}{_beside(row)}: {row.reason}"


def _beside(row):
    return f" beside {row.reference_name}" if row.reference_name else ""


def _quantity(spread, unit):
    if spread is None:
        return ""
    return f"{spread.median / 1e6:.1f} MB" if unit == "B" else seconds(spread.median)


def seconds(value):
    """Seconds in a unit that suits them."""
    if abs(value) >= 10:
        return f"{value:.1f} s"
    return f"{value * 1e3:.4g} ms" if abs(value) >= 1e-3 else f"{value * 1e6:.3g} µs"


def _number(value, kind):
    if kind == "times":
        return f"{value:.2f}x"
    if kind == "slope":
        return f"slope {value:.2f}"
    return f"{value:.1%}" if kind == "share" else seconds(value)


def _value(row):
    if row.value is None:
        return "-"
    low, middle, high = (
        _number(v, row.value_kind) for v in (row.value.low, row.value.median, row.value.high)
    )
    return middle if low == high else f"{middle} ({low} to {high})"


def _one_pass(row):
    parts = [] if row.pass_seconds is None else [seconds(row.pass_seconds)]
    if row.pass_share is not None:
        parts.append(f"{row.pass_share:.0%} of copy")
    return ", ".join(parts)


def limit(row):
    """How near fastreg is to what the machine can do."""
    return "" if row.limit_share is None else f"{row.limit_share:.0%} of {row.limit_name}"


def _wanted(row):
    if row.at_least is not None:
        return ">= " + _number(row.at_least, row.value_kind)
    return "<= " + _number(row.at_most, row.value_kind) if row.at_most is not None else ""
