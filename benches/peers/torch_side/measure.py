"""Clock and memory, the same for every workload."""

import time
from pathlib import Path

import torch


def seconds_of(work):
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def start_memory_peak():
    """Let the kernel forget the largest resident memory so far, so that a run reports its own."""
    Path("/proc/self/clear_refs").write_text("5")


def peak_bytes():
    """Largest resident memory since `start_memory_peak`."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return 1024 * int(line.split()[1])
    raise OSError("/proc/self/status has no VmHWM")


def timed(work, count, **also):
    """`work` done `count` times: seconds of each, peak memory, threads."""
    start_memory_peak()
    seconds = [seconds_of(work) for _ in range(count)]
    return {"seconds": seconds, "peak_bytes": peak_bytes(), "threads": torch.get_num_threads(), **also}


def fastest(candidates, seconds_each):
    """The candidate with the smallest `seconds_each(candidate)`; returns (candidate, {candidate: seconds})."""
    table = {candidate: seconds_each(candidate) for candidate in candidates}
    return min(table, key=table.get), table
