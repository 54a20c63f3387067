"""W4: a masked autoregressive flow of five affine layers on 512 rows of 8 numbers (Papamakarios et al. 2017, arXiv:1705.07057)."""

import math

import torch
import torch.nn.functional as F
from torch import nn

from .perceptron import linear
from .training import Training

DIMENSION, WIDTH, LAYERS, BATCH = 8, 128, 5, 512
SMALL = 0.01


class Masked(nn.Module):
    """A linear layer whose weights, [outputs, inputs], are multiplied by a mask."""

    def __init__(self, mask, generator, bound=None):
        super().__init__()
        outputs, inputs = mask.shape
        layer = linear(inputs, outputs, generator, bound)
        self.weight, self.bias = layer.weight, layer.bias
        self.register_buffer("mask", mask, persistent=False)

    def forward(self, x):
        return F.linear(x, self.weight * self.mask, self.bias)


class Layer(nn.Module):
    """z = x exp(a) + b, where (b, a) of the number in place p see the numbers in places before p."""

    def __init__(self, places, generator):
        super().__init__()
        degrees = 1 + torch.arange(WIDTH) % (DIMENSION - 1)
        outputs = places.repeat_interleave(2)
        self.first = Masked((degrees[:, None] >= places[None, :]).float(), generator)
        self.hidden0 = Masked((degrees[:, None] >= degrees[None, :]).float(), generator)
        self.last = Masked((outputs[:, None] > degrees[None, :]).float(), generator, SMALL)

    def forward(self, x):
        h = F.relu(self.first(x))
        h = F.relu(self.hidden0(h))
        b, a = self.last(h).view(-1, DIMENSION, 2).to(x.dtype).unbind(-1)
        return x * a.exp() + b, a.sum(1)


class MaskedFlow(nn.Module):
    def __init__(self, generator):
        super().__init__()
        places = torch.arange(1, DIMENSION + 1)
        for index in range(LAYERS):
            self.add_module(f"layer{index}", Layer(places if index % 2 == 0 else places.flip(0), generator))

    def forward(self, x):
        """log p(x)."""
        log_slope = 0
        for index in range(LAYERS):
            x, part = getattr(self, f"layer{index}")(x)
            log_slope = log_slope + part
        return log_slope - 0.5 * x.square().sum(1) - 0.5 * DIMENSION * math.log(2 * math.pi)


class MaskedFlowTraining(Training):
    data_names = ("x",)

    def network(self, generator):
        return MaskedFlow(generator)

    def constants(self, network):
        return {name: buffer for name, buffer in network.named_buffers() if name.endswith("mask")}

    def data(self, generator):
        mix = torch.eye(DIMENSION) + 0.3 * torch.randn(DIMENSION, DIMENSION, generator=generator)
        return {"x": torch.randn(BATCH, DIMENSION, generator=generator) @ mix}

    def loss(self, network, x):
        return -network(x).mean()


WORKLOADS = {"W4": MaskedFlowTraining}
