"""The learning rate of our trainings, for peers that train beside them."""

import math


def rate(step, total, highest, warmup, final_share):
    """Linear rise, then half a cosine down to a share of the highest, as fieldbridge::train::schedule."""
    warmup = min(warmup, total // 10)
    if step < warmup:
        return highest * (step + 1) / warmup
    done = (step - warmup) / max(total - warmup, 1)
    lowest = final_share * highest
    return lowest + 0.5 * (highest - lowest) * (1 + math.cos(math.pi * min(done, 1)))
