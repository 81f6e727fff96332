"""PyTorch, eager: one Python step for each batch, its fused Adam."""

from functools import partial

import torch

from benchmarks import peers
from benchmarks.peers.perceptron import Recipe, Trained


def mlp_epochs(X, y, options):
    """A call that trains; X and y are tensors before."""
    recipe = Recipe.of(X, y, options)
    return partial(_train, torch.from_numpy(X), torch.from_numpy(y).long(), recipe)


def _train(X, y, recipe):
    torch.set_num_threads(peers.pinned_threads())
    rng, layers = recipe.start()
    model = _network(layers)
    optimiser = _optimiser(model, recipe)
    loss_of = torch.nn.CrossEntropyLoss()
    for order in recipe.orders(rng, len(X)):
        for rows in torch.from_numpy(order).split(recipe.batch):
            optimiser.zero_grad()
            loss_of(model(X[rows]), y[rows]).backward()
            optimiser.step()
    linear = model[::2]
    return Trained(
        [layer.weight.detach().numpy().T for layer in linear],
        [layer.bias.detach().numpy() for layer in linear],
        partial(_predict_proba, model),
    )


def _network(layers):
    modules = []
    for W, b in layers:
        layer = torch.nn.utils.skip_init(torch.nn.Linear, *W.shape)
        with torch.no_grad():
            layer.weight.copy_(torch.from_numpy(W.T))
            layer.bias.copy_(torch.from_numpy(b))
        modules += [layer, torch.nn.ReLU()]
    return torch.nn.Sequential(*modules[:-1])


def _optimiser(model, recipe):
    """Adam; the penalty is on weights only and divided by the batch, as in scikit-learn."""
    weights = [layer.weight for layer in model[::2]]
    groups = [
        {"params": weights, "weight_decay": recipe.alpha / recipe.batch},
        {"params": [layer.bias for layer in model[::2]]},
    ]
    return torch.optim.Adam(
        groups, lr=recipe.rate, betas=recipe.betas, eps=recipe.epsilon, fused=True
    )


def _predict_proba(model, X):
    with torch.inference_mode():
        return torch.softmax(model(torch.from_numpy(X)), dim=1).numpy()
