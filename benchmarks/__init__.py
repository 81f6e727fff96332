"""Benchmarks of fastreg beside scikit-learn and other libraries: `python -m benchmarks`."""
