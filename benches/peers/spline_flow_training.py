"""One training loop for a zuko flow: AdamW, cosine schedule with warm-up, gradient clipping, weight averaging, early stopping."""

import copy
import math
import time

import torch


def train_flow(flow, target, context, training, validation, *, learning_rate=1e-3, weight_decay=1e-2, batch=256, epochs=100,
               patience=25, average_decay=None, context_noise=0.0, warm_up=100, clip=5.0,
               minutes=None, seed=0, report=None):
    """Minimise -log p(target | context) [rows, d]; context may be None. Returns (best flow, record).

    Validation loss is that of the averaged weights when `average_decay` is given; the best epoch's weights are returned. With `minutes`
    the cosine also follows the wall clock, so training ends annealed at that time even on a busy machine. `cpu_seconds` is what the wall clock would be on an idle core.
    """
    generator = torch.Generator().manual_seed(seed)
    training = torch.as_tensor(training)
    optimiser = torch.optim.AdamW(flow.parameters(), lr=learning_rate, weight_decay=weight_decay)
    steps_per_epoch = math.ceil(len(training) / batch)
    total = epochs * steps_per_epoch
    start, start_cpu = time.perf_counter(), time.process_time()

    def progress(step):
        clock = (time.perf_counter() - start) / (60 * minutes) if minutes else 0.0
        return min(1.0, max(step / total, clock))

    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: min(1.0, (step + 1) / warm_up) * 0.5 * (1 + math.cos(math.pi * progress(step))))
    averaged = copy.deepcopy(flow) if average_decay else flow
    best, best_epoch, best_state, history, step = math.inf, -1, None, [], 0
    step_seconds = 0.0
    for epoch in range(epochs):
        flow.train()
        order = training[torch.randperm(len(training), generator=generator)]
        running = 0.0
        epoch_start = time.process_time()
        for rows in order.split(batch):
            c = None if context is None else context[rows]
            if c is not None and context_noise:
                c = c + context_noise * torch.randn(c.shape, generator=generator)
            loss = -flow(c).log_prob(target[rows]).mean()
            if not torch.isfinite(loss):
                raise SystemExit(f"loss became {loss.item()} in epoch {epoch}; lower the learning rate")
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(flow.parameters(), clip)
            optimiser.step()
            schedule.step()
            step += 1
            running += loss.item() * len(rows)
            if average_decay:
                decay = min(average_decay, (1 + step) / (10 + step))
                with torch.no_grad():
                    for slow, fast in zip(averaged.parameters(), flow.parameters()):
                        slow.lerp_(fast, 1 - decay)
        step_seconds += time.process_time() - epoch_start
        loss = -mean_log_density(averaged, target, context, validation)
        history.append((running / len(training), loss))
        if report:
            report(epoch, history[-1], time.perf_counter() - start)
        if loss < best:
            best, best_epoch, best_state = loss, epoch, copy.deepcopy(averaged.state_dict())
        elif epoch - best_epoch >= patience:
            break
        if progress(step) >= 1.0:
            break
    averaged.load_state_dict(best_state)
    averaged.eval()
    return averaged, {
        "seconds": time.perf_counter() - start, "cpu_seconds": time.process_time() - start_cpu, "epochs": len(history), "best_epoch": best_epoch, "steps": step,
        "cpu_milliseconds_per_step": 1e3 * step_seconds / step, "validation_loss": best,
        "parameters": sum(p.numel() for p in flow.parameters()), "history": history,
    }


@torch.no_grad()
def log_density(flow, target, context, rows, chunk=4096):
    flow.eval()
    rows = torch.as_tensor(rows)
    return torch.cat([flow(None if context is None else context[r]).log_prob(target[r]) for r in rows.split(chunk)])


def mean_log_density(flow, target, context, rows):
    return log_density(flow, target, context, rows).double().mean().item()
