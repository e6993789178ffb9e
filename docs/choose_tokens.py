"""Which tokens a sidecar that chooses keeps and merges (sidecar-format.md, "Running one that chooses"), with numpy alone."""
import numpy as np

def importance(options, t, layer, head, keys, values):
    """Logarithm of what each token's removal is expected to cost [T]; keys (not rotated) and values [T, D]; t from read_sidecar.read."""
    at, silu = (layer, head), lambda z: z / (1 + np.exp(-z))
    f = (np.hstack([keys, values]) - t["input.mean"][at]) / t["input.deviation"][at] @ t["choice.project"][at]
    padded = np.pad(f, ((2, 2), (0, 0)))
    seen = np.hstack([padded[i:i + len(f)] for i in range(5)])
    d = np.log(len(f) - np.arange(len(f)))
    z = silu(seen @ t["choice.first.weight"] + t["choice.first.head"][at] + d[:, None] * t["choice.first.distance"])
    return z @ t["choice.hidden"][at] + f @ t["choice.token"][at] + d * t["choice.distance"][at] + t["choice.level"][at]

def shares(options, tokens, ratio):
    """Slots of every layer and head [L, H]: exactly L * H * n."""
    weights, n = np.array(options["head_slots"]).ravel(), int(tokens / ratio)
    least, total = min(n, max(2, tokens // 64)), n * len(weights)
    low, high = 0.0, tokens / weights[weights > 0].min()
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if np.clip(weights * middle, least, tokens).sum() < total else (low, middle)
    wanted = np.clip(weights * high, least, tokens)
    slots = np.floor(wanted + 1e-9).astype(int)
    for i in np.argsort(slots - wanted, kind="stable")[:total - slots.sum()]:  # largest remainders first
        slots[i] += 1
    return slots.reshape(np.shape(options["head_slots"]))

def choose(options, important, layer, head, slots):
    """The tokens of each slot of one head, in order of the slots' positions: one token, or a run of which the mean is kept."""
    T = len(important)
    if slots >= T: return [[j] for j in range(T)]
    s = min(int(options["sinks"]), slots - 1)
    R = min(int(options["head_recent"][layer][head] * slots + 1e-9), slots - s - 1)
    M, between = slots - s - R, np.arange(s, T - R)
    G = min(int(options["merged_share"] * M), M)
    kept = between[np.argsort(-important[between], kind="stable")[:M - G]]
    rest = np.setdiff1d(between, kept)
    runs = [rest[g * len(rest) // G:(g + 1) * len(rest) // G].tolist() for g in range(G)]
    slots = [[j] for j in (*range(s), *kept.tolist(), *range(T - R, T))] + runs
    return sorted(slots, key=lambda tokens: tokens[(len(tokens) - 1) // 2])
