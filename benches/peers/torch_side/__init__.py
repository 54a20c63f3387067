"""PyTorch's side of the race, one module for each workload; `python -m torch_side` speaks the protocol of README.md."""
