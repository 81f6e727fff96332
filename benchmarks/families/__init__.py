"""Families of measurements, one file each: `run(settings)` yields rows."""

from importlib import import_module

NAMES = (
    "lasso",
    "path",
    "cv",
    "ridge",
    "ridge_cv",
    "sgd",
    "mlp",
    "scores",
    "predict",
    "threads",
    "memory",
    "stream",
    "startup",
    "scaling",
)


def load(name):
    """The family's module."""
    return import_module(f"benchmarks.families.{name}")
