"""First weights of a network."""

import numpy as np

# Glorot's bounds for what scikit-learn has, so that a seed gives its weights; by slope
# at 0 and variance for the others.
_AUTO = {
    "identity": "glorot_uniform",
    "logistic": "glorot_uniform",
    "tanh": "glorot_uniform",
    "relu": "glorot_uniform",
    "leaky_relu": "he_normal",
    "elu": "he_normal",
    "gelu": "he_normal",
    "silu": "he_normal",
    "selu": "lecun_normal",
}
# variance of a weight: numerator, and share of fan_in in the fan
_SCHEMES = {"glorot": (1.0, 0.5), "he": (2.0, 1.0), "lecun": (1.0, 1.0)}
INITIALISERS = sorted(f"{name}_{kind}" for name in _SCHEMES for kind in ("uniform", "normal"))


def initialise(model, initialiser, random_state):
    """Draw the weights of all layers, in place.

    Uniform ones as scikit-learn draws them, coefs then intercepts of each layer, within
    a bound that suits the activation of the hidden layers. Normal ones have intercepts 0.
    """
    activations, widths = model.shape.activations, model.shape.widths
    for k, intercept in model.vectors("intercept").items():
        # the last layer is drawn as the one before it
        activation = activations[min(k, len(activations) - 1)] if activations else "identity"
        scheme = _AUTO[activation] if initialiser == "auto" else initialiser
        name, kind = scheme.split("_")
        gain, share = _SCHEMES[name]
        fan_in, fan_out = shape = widths[k : k + 2]
        variance = gain / (share * fan_in + (1 - share) * fan_out)
        if kind == "normal":
            model.set_coef(k, random_state.normal(0, np.sqrt(variance), shape))
            continue
        if activation == "logistic" and initialiser == "auto":
            variance /= 3  # Glorot and Bengio 2010, as scikit-learn has it
        bound = np.sqrt(3 * variance)
        model.set_coef(k, random_state.uniform(-bound, bound, shape))
        intercept[:] = random_state.uniform(-bound, bound, fan_out)
