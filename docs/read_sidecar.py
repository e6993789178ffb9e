"""Reads a sidecar (sidecar-format.md) with numpy alone: python3 read_sidecar.py FILE"""
import json, sys
import numpy as np

def read(path):
    """Options, and every tensor as float32."""
    data = open(path, "rb").read()
    start = 8 + int.from_bytes(data[:8], "little")
    header, tensors = json.loads(data[8:start]), {}
    options = json.loads(header.pop("__metadata__")["lst"])
    for name, entry in header.items():
        raw = np.frombuffer(data, np.uint8)[slice(*(start + offset for offset in entry["data_offsets"]))]
        if entry["dtype"] == "BF16":  # the upper half of a float32
            numbers = (raw.view("<u2").astype("<u4") << 16).view("<f4")
        else:
            numbers = raw.view({"F16": "<f2", "F32": "<f4", "F64": "<f8"}[entry["dtype"]]).astype("<f4")
        tensors[name] = numbers.reshape(entry["shape"])
    return options, tensors

def super_token(options, t, layer, head, keys, values, first, count):
    """Network 'trunk', m = 1, no norm rule: key (not rotated), value and bias of one window of keys and values [T, D]."""
    D, W, c, own = options["model"]["head_dim"], options["longest_window"], options["neighbours"], slice(first, first + count)
    silu = lambda z: z / (1 + np.exp(-z))
    f = (np.hstack([keys, values]) - t["input.mean"][layer, head]) / t["input.deviation"][layer, head] @ t["head.project"][layer, head]
    seen = np.zeros((W + 2 * c, f.shape[1]))
    for i in range(max(-c, -first), min(count + c, len(f) - first)):
        seen[c + i if i < count else c + W + i - count] = f[first + i]
    a = silu(seen.ravel() @ t["trunk.first.weight"] + t["trunk.first.bias"] + t["head.embedding"][layer, head] + t["length.embedding"][count])
    a = a + silu(a @ t["trunk.second.weight"] + t["trunk.second.bias"])
    small = a @ t["pool.shared"] + t["pool.head"][layer, head]
    weights = np.exp(small[:2 * W].reshape(2, W)[:, :count] + (f[own] @ t["pool.token"][layer, head]).T)
    weights /= weights.sum(1, keepdims=True)
    delta = a @ t["trunk.out"] @ t["head.delta"][layer, head] * t["input.deviation"][layer, head]
    return weights[0] @ keys[own] + delta[:D], weights[1] @ values[own] + delta[D:], np.log(count) + small[2 * W]

if __name__ == "__main__":
    options, tensors = read(sys.argv[1])
    print(json.dumps(options, indent=1), *(f"{name} {list(x.shape)}" for name, x in sorted(tensors.items())), sep="\n")
    print(sum(x.size for name, x in tensors.items() if not name.startswith("input.") or name in ("input.weight", "input.bias")), "parameters")
