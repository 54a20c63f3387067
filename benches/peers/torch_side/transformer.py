"""W2: a transformer of six pre-norm blocks on 8 sequences of 261 tokens of width 192."""

import torch
import torch.nn.functional as F
from torch import nn

from .perceptron import linear
from .training import Training

BATCH, TOKENS, WIDTH, HEADS, HIDDEN, BLOCKS = 8, 261, 192, 6, 768, 6


class Block(nn.Module):
    def __init__(self, generator):
        super().__init__()
        self.attention_norm = nn.LayerNorm(WIDTH, eps=1e-5)
        self.query_key_value = linear(WIDTH, 3 * WIDTH, generator)
        self.attention_output = linear(WIDTH, WIDTH, generator)
        self.perceptron_norm = nn.LayerNorm(WIDTH, eps=1e-5)
        self.inner = linear(WIDTH, HIDDEN, generator)
        self.outer = linear(HIDDEN, WIDTH, generator)

    def forward(self, x):
        batch, tokens, width = x.shape
        joint = self.query_key_value(self.attention_norm(x))
        query, key, value = joint.view(batch, tokens, 3, HEADS, width // HEADS).permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(query, key, value)
        x = x + self.attention_output(mixed.transpose(1, 2).reshape(batch, tokens, width))
        return x + self.outer(F.gelu(self.inner(self.perceptron_norm(x))))


class Transformer(nn.Module):
    def __init__(self, generator):
        super().__init__()
        for index in range(BLOCKS):
            self.add_module(f"block{index}", Block(generator))
        self.last_norm = nn.LayerNorm(WIDTH, eps=1e-5)
        self.last = linear(WIDTH, WIDTH, generator)

    def forward(self, x):
        for index in range(BLOCKS):
            x = getattr(self, f"block{index}")(x)
        return self.last(self.last_norm(x))


class TransformerTraining(Training):
    data_names = ("x", "target")

    def network(self, generator):
        return Transformer(generator)

    def data(self, generator):
        shape = (BATCH, TOKENS, WIDTH)
        return {"x": torch.randn(shape, generator=generator), "target": torch.randn(shape, generator=generator)}

    def loss(self, network, x, target):
        # the mean over the batch of squared errors summed and divided by tokens * width is the mean over everything
        return F.mse_loss(network(x).to(target.dtype), target)


WORKLOADS = {"W2": TransformerTraining}
