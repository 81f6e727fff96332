"""Warnings that fastreg raises beside scikit-learn's `ConvergenceWarning`."""


class DiagnosticWarning(UserWarning):
    """The fit is right, and the data or a parameter make it less useful than it looks.

    Raised for an alpha so large that every coefficient is zero, and for constant
    columns. To silence it: ``warnings.simplefilter("ignore", fastreg.DiagnosticWarning)``.
    """
