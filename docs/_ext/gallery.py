"""How the gallery of examples looks, and the order it is read in."""

from pathlib import Path

SECTIONS = ("linear_models", "neural_networks", "in_practice")
ORDER = (
    "plot_lasso_and_ridge",
    "plot_one_standard_error",
    "plot_leave_one_out",
    "plot_gene_selection",
    "plot_sparse_words",
    "plot_penalty_factors",
    "plot_sgd_schedules",
    "plot_network_regularisation",
    "plot_early_stopping",
    "plot_mnist_dropout",
    "plot_batch_norm",
    "plot_grid_search",
    "plot_streaming",
    "plot_duality_gap",
)
# Those of Okabe and Ito, but for a dark red in place of the yellow that is lost on white.
COLOURS = (
    "#0072B2",
    "#D55E00",
    "#009E73",
    "#A6194B",
    "#000000",
    "#E69F00",
    "#56B4E9",
    "#CC79A7",
)


def reading_order(example):
    """The place of an example in the gallery; raises for one that `ORDER` lacks."""
    return ORDER.index(Path(example).stem)


def use_style(gallery_conf, example):
    """Give every example the same matplotlib, whatever the one before it did."""
    import matplotlib.pyplot as plt
    from cycler import cycler

    plt.close("all")
    plt.rcdefaults()
    plt.rcParams.update(
        {
            "axes.prop_cycle": cycler(color=COLOURS),
            "axes.spines.right": False,
            "axes.spines.top": False,
            "axes.titlesize": "medium",
            "figure.constrained_layout.use": True,
            "figure.facecolor": "white",
            "font.size": 11,
            "image.cmap": "viridis",
            "legend.frameon": False,
            "legend.fontsize": "small",
            "savefig.facecolor": "white",
        }
    )
