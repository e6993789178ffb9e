"""The same network as most people write it in eager PyTorch: one product a projection, rotation by concatenation,
repeated key/value heads, attention as product, mask, float32 softmax, product. Keys and values are preallocated.

It stands beside the tuned model (model.py), which shows how far eager PyTorch can be pushed by hand.
"""
import torch
import torch.nn.functional as F


class PlainCache:
    """Keys and values [B, kv_heads, capacity, D] of each layer, written in place."""

    def __init__(self, config, batch, capacity, dtype):
        shape = (batch, config.kv_heads, capacity, config.head_dim)
        self.batch, self.capacity, self.length = batch, capacity, 0
        self.keys = [torch.zeros(shape, dtype=dtype) for _ in range(config.layers)]
        self.values = [torch.zeros(shape, dtype=dtype) for _ in range(config.layers)]

    def begin_with(self, single, count):
        """Every sequence begins with the first `count` positions of a cache of one sequence."""
        for mine, prefix in zip(self.keys + self.values, single.keys + single.values):
            mine[:, :, :count] = prefix[:, :, :count]


class PlainModel:
    """The network in `dtype`, in inference mode."""

    def __init__(self, config, weights, dtype):
        self.config, self.dtype, self.forms = config, dtype, {}
        self.groups = config.heads // config.kv_heads
        self.weights = {name: tensor.to(dtype).contiguous() for name, tensor in weights.items()}
        self.weights.setdefault("lm_head.weight", self.weights["model.embed_tokens.weight"])
        half = config.head_dim // 2
        angles = torch.outer(torch.arange(config.max_positions, dtype=torch.float32),
                             config.rope_theta ** (-torch.arange(half, dtype=torch.float32) / half))
        angles = torch.cat([angles, angles], -1)
        self.cos, self.sin = angles.cos().to(dtype), angles.sin().to(dtype)

    def new_cache(self, batch, capacity):
        return PlainCache(self.config, batch, capacity, self.dtype)

    def linear(self, x, name):
        return F.linear(x, self.weights[name + ".weight"])

    def norm(self, x, name):
        wide = x.float()
        wide = wide * torch.rsqrt(wide.pow(2).mean(-1, keepdim=True) + self.config.norm_eps)
        return wide.to(self.dtype) * self.weights[name + ".weight"]

    @staticmethod
    def rotate(x, cos, sin):
        first, second = x.chunk(2, -1)
        return x * cos + torch.cat([-second, first], -1) * sin

    def attend(self, x, layer, cache, index, mask):
        config, (batch, count, _) = self.config, x.shape
        start, end = cache.length, cache.length + count
        heads = lambda t, n: t.view(batch, count, n, config.head_dim).transpose(1, 2)
        query = heads(self.linear(x, layer + "self_attn.q_proj"), config.heads)
        key = heads(self.linear(x, layer + "self_attn.k_proj"), config.kv_heads)
        value = heads(self.linear(x, layer + "self_attn.v_proj"), config.kv_heads)
        cos, sin = self.cos[start:end], self.sin[start:end]
        cache.keys[index][:, :, start:end] = self.rotate(key, cos, sin)
        cache.values[index][:, :, start:end] = value
        repeat = lambda t: t[:, :, :end].repeat_interleave(self.groups, 1) if self.groups > 1 else t[:, :, :end]
        scores = self.rotate(query, cos, sin) @ repeat(cache.keys[index]).transpose(2, 3) / config.head_dim ** 0.5
        if mask is not None:
            scores = scores + mask
        part = torch.softmax(scores, -1, dtype=torch.float32).to(self.dtype) @ repeat(cache.values[index])
        return self.linear(part.transpose(1, 2).reshape(batch, count, -1), layer + "self_attn.o_proj")

    def run(self, ids, cache):
        """ids [B, T] behind the cache -> hidden states [B, T, M] after the final norm."""
        start, count = cache.length, ids.shape[1]
        mask = None
        if count > 1:
            mask = torch.full((count, start + count), float("-inf"), dtype=self.dtype).triu(start + 1)
        x = F.embedding(ids, self.weights["model.embed_tokens.weight"])
        for index in range(self.config.layers):
            layer = f"model.layers.{index}."
            x = x + self.attend(self.norm(x, layer + "input_layernorm"), layer, cache, index, mask)
            h = self.norm(x, layer + "post_attention_layernorm")
            h = F.silu(self.linear(h, layer + "mlp.gate_proj")) * self.linear(h, layer + "mlp.up_proj")
            x = x + self.linear(h, layer + "mlp.down_proj")
        cache.length = start + count
        return self.norm(x, "model.norm")

    @torch.inference_mode()
    def prefill(self, ids, cache, logits="last"):
        hidden = self.run(ids.view(1, -1), cache)[0]
        return self.linear(hidden[-1] if logits == "last" else hidden, "lm_head")

    @torch.inference_mode()
    def step(self, ids, cache):
        logits = self.linear(self.run(ids.view(-1, 1), cache)[:, 0], "lm_head")
        return logits[0] if cache.batch == 1 else logits
