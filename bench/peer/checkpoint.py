"""Reads a Llama-family model: a Hugging Face folder or a GGUF file, without further packages.

Both readers return (Config, weights), the weights under Hugging Face names, q and k rows in half-split
rotary order. Folder weights keep their dtype, GGUF weights are dequantised to float32.
"""
import dataclasses
import json
import mmap
import pathlib
import struct

import numpy as np
import torch


class CheckpointError(Exception):
    """A model file that cannot be read; the message says what was found."""


@dataclasses.dataclass(frozen=True)
class Config:
    """Sizes and constants of one model."""
    name: str
    hidden: int
    ffn: int
    layers: int
    heads: int
    kv_heads: int
    head_dim: int
    vocab: int
    max_positions: int
    norm_eps: float
    rope_theta: float


def load(path):
    """Reads the model at `path` (a folder or a .gguf file)."""
    path = pathlib.Path(path)
    if path.is_dir():
        return load_folder(path)
    if path.suffix == ".gguf" and path.is_file():
        return load_gguf(path)
    raise CheckpointError(f"{path} is neither a model folder nor a .gguf file")


# ---- Hugging Face folder ----------------------------------------------------------------------------------

SAFETENSORS_TYPES = {"F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16}


def load_folder(folder):
    raw = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    if raw.get("model_type") != "llama":
        raise CheckpointError(f"{folder}: model_type is {raw.get('model_type')!r}, this script knows 'llama'")
    for key in ("rope_scaling", "attention_bias", "mlp_bias"):
        if raw.get(key):
            raise CheckpointError(f"{folder}: {key} is set, which this script does not compute")
    if raw.get("hidden_act", "silu") != "silu":
        raise CheckpointError(f"{folder}: hidden_act is {raw['hidden_act']!r}, this script knows 'silu'")
    heads = raw["num_attention_heads"]
    config = Config(
        name=folder.resolve().name, hidden=raw["hidden_size"], ffn=raw["intermediate_size"],
        layers=raw["num_hidden_layers"], heads=heads, kv_heads=raw.get("num_key_value_heads") or heads,
        head_dim=raw.get("head_dim") or raw["hidden_size"] // heads, vocab=raw["vocab_size"],
        max_positions=raw.get("max_position_embeddings", 2048), norm_eps=raw.get("rms_norm_eps", 1e-6),
        rope_theta=raw.get("rope_theta", 10000.0))
    index = folder / "model.safetensors.index.json"
    files = (sorted(set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()))
             if index.exists() else ["model.safetensors"])
    weights = {}
    for file in files:
        weights.update(read_safetensors(folder / file))
    return config, weights


def read_safetensors(path):
    """Name -> tensor; the tensors are views of a private mapping of the file."""
    data = map_file(path)
    length, = struct.unpack_from("<Q", data)
    if length > len(data) - 8:
        raise CheckpointError(f"{path}: the header is said to have {length} bytes, the file has {len(data)}")
    header = json.loads(bytes(data[8:8 + length]))
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        if entry["dtype"] not in SAFETENSORS_TYPES:
            raise CheckpointError(f"{path}: {name} has type {entry['dtype']}, known are {', '.join(SAFETENSORS_TYPES)}")
        begin, end = entry["data_offsets"]
        dtype = SAFETENSORS_TYPES[entry["dtype"]]
        count = (end - begin) // torch.finfo(dtype).bits * 8
        tensors[name] = torch.frombuffer(data, dtype=dtype, count=count, offset=8 + length + begin).view(entry["shape"])
    return tensors


def map_file(path):
    with open(path, "rb") as file:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)


# ---- GGUF -------------------------------------------------------------------------------------------------

SCALARS = {0: "<u1", 1: "<i1", 2: "<u2", 3: "<i2", 4: "<u4", 5: "<i4", 6: "<f4", 7: "<u1", 10: "<u8", 11: "<i8", 12: "<f8"}
STRING, ARRAY = 8, 9

# type number -> (values per block, bytes per block)
BLOCKS = {0: (1, 4), 1: (1, 2), 2: (32, 18), 3: (32, 20), 8: (32, 34)}

LAYER_NAMES = {
    "attn_norm": "input_layernorm", "ffn_norm": "post_attention_layernorm",
    "attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj", "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj", "ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj", "ffn_down": "mlp.down_proj",
}
TOP_NAMES = {"token_embd.weight": "model.embed_tokens.weight", "output_norm.weight": "model.norm.weight",
             "output.weight": "lm_head.weight"}


class Cursor:
    """Reads the little-endian fields of a GGUF header one after the other."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def scalar(self, kind):
        kind = np.dtype(kind)
        value = np.frombuffer(self.data, kind, 1, self.at)[0].item()
        self.at += kind.itemsize
        return value

    def text(self):
        length = self.scalar("<u8")
        self.at += length
        return bytes(self.data[self.at - length:self.at]).decode("utf-8")

    def value(self, kind):
        if kind == STRING:
            return self.text()
        if kind != ARRAY:
            return self.scalar(SCALARS[kind])
        kind, count = self.scalar("<u4"), self.scalar("<u8")
        if kind in (STRING, ARRAY):
            return [self.value(kind) for _ in range(count)]
        values = np.frombuffer(self.data, np.dtype(SCALARS[kind]), count, self.at)
        self.at += values.nbytes
        return values


def load_gguf(path):
    data = map_file(path)
    cursor = Cursor(data)
    magic, version = bytes(data[:4]), struct.unpack_from("<I", data, 4)[0]
    if magic != b"GGUF" or version not in (2, 3):
        raise CheckpointError(f"{path}: magic {magic!r}, version {version}; expected b'GGUF', 2 or 3")
    cursor.at = 8
    tensor_count, pair_count = cursor.scalar("<u8"), cursor.scalar("<u8")
    meta = {}
    for _ in range(pair_count):
        key = cursor.text()
        meta[key] = cursor.value(cursor.scalar("<u4"))
    if meta["general.architecture"] != "llama":
        raise CheckpointError(f"{path}: architecture {meta['general.architecture']!r}, this script knows 'llama'")
    entries = []
    for _ in range(tensor_count):
        name = cursor.text()
        shape = [cursor.scalar("<u8") for _ in range(cursor.scalar("<u4"))][::-1]   # stored innermost first
        entries.append((name, shape, cursor.scalar("<u4"), cursor.scalar("<u8")))
    alignment = meta.get("general.alignment", 32)
    base = -(-cursor.at // alignment) * alignment

    heads = meta["llama.attention.head_count"]
    kv_heads = meta.get("llama.attention.head_count_kv", heads)
    weights = {}
    for name, shape, kind, offset in entries:
        values = dequantise(path, data, name, shape, kind, base + offset)
        if name.endswith(("attn_q.weight", "attn_k.weight")):
            values = half_split(values, heads if "attn_q" in name else kv_heads)
        weights[hugging_face_name(path, name)] = torch.from_numpy(np.ascontiguousarray(values))
    hidden = meta["llama.embedding_length"]
    return Config(
        name=path.stem, hidden=hidden, ffn=meta["llama.feed_forward_length"], layers=meta["llama.block_count"],
        heads=heads, kv_heads=kv_heads, head_dim=meta.get("llama.attention.key_length", hidden // heads),
        vocab=weights["model.embed_tokens.weight"].shape[0], max_positions=meta["llama.context_length"],
        norm_eps=meta["llama.attention.layer_norm_rms_epsilon"],
        rope_theta=meta.get("llama.rope.freq_base", 10000.0)), weights


def hugging_face_name(path, name):
    if name in TOP_NAMES:
        return TOP_NAMES[name]
    parts = name.split(".")
    if len(parts) == 4 and parts[0] == "blk" and parts[2] in LAYER_NAMES and parts[3] == "weight":
        return f"model.layers.{parts[1]}.{LAYER_NAMES[parts[2]]}.weight"
    raise CheckpointError(f"{path}: tensor {name} has no place in a Llama model of this script")


def half_split(values, heads):
    """Undoes the interleaved rotary order: rows of a head go from (pair, part) to (part, pair)."""
    rows, columns = values.shape
    return values.reshape(heads, rows // heads // 2, 2, columns).swapaxes(1, 2).reshape(rows, columns)


def dequantise(path, data, name, shape, kind, offset):
    """The tensor as float32."""
    if kind not in BLOCKS:
        raise CheckpointError(f"{path}: tensor {name} has type {kind}; known are F32, F16, Q4_0, Q4_1, Q8_0")
    per_block, block_bytes = BLOCKS[kind]
    count = int(np.prod(shape, dtype=np.int64)) // per_block
    raw = np.frombuffer(data, np.uint8, count * block_bytes, offset).reshape(count, block_bytes)
    if kind in (0, 1):
        return raw.reshape(-1).view("<f4" if kind == 0 else "<f2").astype(np.float32).reshape(shape)
    scale = raw[:, :2].copy().view("<f2").astype(np.float32)
    if kind == 8:
        return (raw[:, 2:].view(np.int8) * scale).reshape(shape)
    low_high = raw[:, -16:]
    quants = np.concatenate([low_high & 15, low_high >> 4], axis=1).astype(np.float32)
    if kind == 2:
        return ((quants - 8) * scale).reshape(shape)
    return (quants * scale + raw[:, 2:4].copy().view("<f2").astype(np.float32)).reshape(shape)
