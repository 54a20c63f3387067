"""W3: four residual blocks of 3x3 convolutions with group normalization on 16 images of 32 x 32 with 64 channels."""

import torch
import torch.nn.functional as F
from torch import nn

from .perceptron import uniform_
from .training import Training

BATCH, CHANNELS, SIDE, GROUPS, BLOCKS = 16, 64, 32, 8, 4


def convolution(generator):
    layer = nn.Conv2d(CHANNELS, CHANNELS, 3, padding=1)
    for parameter in layer.parameters():
        uniform_(parameter, (9 * CHANNELS) ** -0.5, generator)
    return layer


class Block(nn.Module):
    def __init__(self, generator):
        super().__init__()
        self.first_norm = nn.GroupNorm(GROUPS, CHANNELS, eps=1e-5)
        self.first = convolution(generator)
        self.second_norm = nn.GroupNorm(GROUPS, CHANNELS, eps=1e-5)
        self.second = convolution(generator)

    def forward(self, x):
        h = self.first(F.silu(self.first_norm(x)))
        return x + self.second(F.silu(self.second_norm(h)))


class ConvolutionTraining(Training):
    data_names = ("x", "target")
    memory_formats = (torch.contiguous_format, torch.channels_last)

    def network(self, generator):
        network = nn.Sequential()
        for index in range(BLOCKS):
            network.add_module(f"block{index}", Block(generator))
        return network

    def data(self, generator):
        shape = (BATCH, CHANNELS, SIDE, SIDE)
        return {"x": torch.randn(shape, generator=generator), "target": torch.randn(shape, generator=generator)}

    def loss(self, network, x, target):
        return F.mse_loss(network(x).to(target.dtype), target)


WORKLOADS = {"W3": ConvolutionTraining}
