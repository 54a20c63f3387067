"""Tensors to and from .safetensors files: weights as [inputs, outputs], convolutions as [3, 3, inputs, outputs], images channels last.

PyTorch keeps its own layout in memory (nn.Linear: [outputs, inputs], images NCHW); only the files are turned.
"""

from safetensors.torch import load_file, save_file


def turned_out(name, tensor):
    """From PyTorch's layout to the file's."""
    if tensor.ndim == 4:
        # a convolution's weights, or images
        order = (2, 3, 1, 0) if name.endswith("weight") else (0, 2, 3, 1)
        return tensor.permute(order)
    if tensor.ndim == 2 and name.endswith(("weight", "mask")):
        return tensor.t()
    return tensor


def turned_in(name, tensor):
    """From the file's layout to PyTorch's."""
    if tensor.ndim == 4:
        order = (3, 2, 0, 1) if name.endswith("weight") else (0, 3, 1, 2)
        return tensor.permute(order).contiguous()
    if tensor.ndim == 2 and name.endswith(("weight", "mask")):
        return tensor.t().contiguous()
    return tensor


def save(path, tensors):
    save_file({name: turned_out(name, tensor.detach()).contiguous().clone() for name, tensor in tensors.items()}, str(path))
    return str(path)


def load(path):
    return {name: turned_in(name, tensor) for name, tensor in load_file(str(path)).items()}
