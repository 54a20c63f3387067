"""Whether a side computed the right thing: its loss, gradients or draws beside those in double precision."""

import numpy as np
from safetensors.numpy import load_file


def difference(found, expected):
    """|found - expected| / |expected| in the Euclidean norm."""
    found, expected = found.astype(np.float64).ravel(), expected.astype(np.float64).ravel()
    if found.shape != expected.shape:
        raise ValueError(f"{found.size} numbers where {expected.size} were expected")
    return float(np.linalg.norm(found - expected) / max(np.linalg.norm(expected), 1e-300))


def of_training(answer, folder):
    """Relative differences of the losses of the first steps and of every gradient."""
    expected = load_file(folder / "reference.safetensors")
    losses = expected.pop("losses")
    gradients = load_file(answer["gradients"])
    missing = sorted(set(expected) - set(gradients))
    if missing:
        raise ValueError(f"{answer['gradients']} lacks {', '.join(missing)}")
    whole = np.sqrt(sum(np.square(g.astype(np.float64)).sum() for g in expected.values()))
    error = np.sqrt(sum(np.square(gradients[n].astype(np.float64).ravel() - g.astype(np.float64).ravel()).sum() for n, g in expected.items()))
    each = {name: difference(gradients[name], expected[name]) for name in expected}
    worst = max(each, key=each.get)
    found = answer["losses"]
    return {
        "loss": float(abs(found[0] - losses[0]) / abs(losses[0])), "loss_after_steps": float(np.max(np.abs(np.array(found) - losses[: len(found)]) / np.abs(losses[: len(found)]))),
        "gradient": float(error / whole), "worst_gradient": each[worst], "worst_name": worst, "gradients": each,
    }


def of_output(answer, folder):
    """Differences of densities, draws or end points."""
    expected = load_file(folder / "reference.safetensors")["output"].astype(np.float64)
    found = load_file(answer["output"])["output"].astype(np.float64).reshape(expected.shape)
    apart = np.abs(found - expected)
    return {"output": difference(found, expected), "largest": float(apart.max()), "root_mean_square": float(np.sqrt(np.square(apart).mean())),
            "evaluations_per_row": answer.get("evaluations_per_row")}


def of(answer, folder):
    """Of a side's answer to `compare`; a side that runs another network than the stored one says why in `not_comparable`."""
    if "not_comparable" in answer:
        return {"not_comparable": answer["not_comparable"]}
    return of_training(answer, folder) if "gradients" in answer else of_output(answer, folder)
