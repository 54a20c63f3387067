"""W1: the perceptron of flow matching, 34 -> 256 -> 256 -> 256 -> 2 with SiLU, 1,024 rows."""

import torch
import torch.nn.functional as F
from torch import nn

from .training import Training


def uniform_(tensor, bound, generator):
    return nn.init.uniform_(tensor, -bound, bound, generator=generator)


def linear(inputs, outputs, generator, bound=None, bias=True):
    """Weights and biases uniform on +-bound, 1/sqrt(inputs) unless given."""
    layer = nn.Linear(inputs, outputs, bias=bias)
    bound = inputs**-0.5 if bound is None else bound
    for parameter in layer.parameters():
        uniform_(parameter, bound, generator)
    return layer


class Perceptron(nn.Module):
    def __init__(self, inputs, width, outputs, generator):
        super().__init__()
        self.first = linear(inputs, width, generator)
        self.hidden0 = linear(width, width, generator)
        self.hidden1 = linear(width, width, generator)
        self.last = linear(width, outputs, generator)

    def forward(self, x):
        h = F.silu(self.first(x))
        h = F.silu(self.hidden0(h))
        h = F.silu(self.hidden1(h))
        return self.last(h)


class PerceptronTraining(Training):
    data_names = ("x", "target")

    def network(self, generator):
        return Perceptron(34, 256, 2, generator)

    def data(self, generator):
        return {"x": torch.randn(1024, 34, generator=generator), "target": torch.randn(1024, 2, generator=generator)}

    def loss(self, network, x, target):
        return F.mse_loss(network(x).to(target.dtype), target, reduction="sum") / len(x)


WORKLOADS = {"W1": PerceptronTraining}
