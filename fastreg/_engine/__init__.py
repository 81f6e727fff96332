"""What to compute and in which order, on NumPy arrays; no scikit-learn here."""
