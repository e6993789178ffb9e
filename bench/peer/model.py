"""A Llama-family model in eager PyTorch, written for speed on a CPU.

Choices that were measured (bench/README.md has the numbers): q, k, v in one product and gate, up in one;
keys cached transposed [D, positions]; grouped queries stacked as rows, so no key or value is repeated;
queries in chunks that see only the keys up to their end; the attention scale folded into the query weights;
the residual added inside the product; rotation without negation and concatenation.
"""
import types

import torch
import torch.nn.functional as F

from .projection import Projection, choose_forms


class Cache:
    """Keys [layers, B * kv_heads, D, capacity] and values [layers, B * kv_heads, capacity, D], written in place."""

    def __init__(self, config, batch, capacity, dtype):
        rows = batch * config.kv_heads
        self.batch, self.capacity, self.length = batch, capacity, 0
        self.keys = [torch.zeros(rows, config.head_dim, capacity, dtype=dtype) for _ in range(config.layers)]
        self.values = [torch.zeros(rows, capacity, config.head_dim, dtype=dtype) for _ in range(config.layers)]

    def begin_with(self, single, count):
        """Every sequence begins with the first `count` positions of a cache of one sequence."""
        for mine, prefix in zip(self.keys, single.keys):
            mine[:, :, :count] = prefix[:, :, :count].repeat(self.batch, 1, 1)
        for mine, prefix in zip(self.values, single.values):
            mine[:, :count] = prefix[:, :count].repeat(self.batch, 1, 1)


class Model:
    """The network in `dtype`. Every computation runs in inference mode and normalises in float32."""

    def __init__(self, config, weights, dtype, fused=True, query_chunk=128, rows=512):
        self.config, self.dtype, self.query_chunk = config, dtype, query_chunk
        self.groups = config.heads // config.kv_heads
        self.split = (config.heads + config.kv_heads) * config.head_dim
        take = lambda name: weights[name].to(dtype)
        self.embedding = take("model.embed_tokens.weight").contiguous()
        self.head = Projection(take("lm_head.weight") if "lm_head.weight" in weights else self.embedding)
        self.final_norm = take("model.norm.weight")
        self.eps = torch.tensor(config.norm_eps)
        self.fused = fused
        self.layers = []
        for layer in range(config.layers):
            get = lambda name: weights[f"model.layers.{layer}.{name}.weight"].float()
            query = get("self_attn.q_proj") * config.head_dim ** -0.5
            parts = [query, get("self_attn.k_proj"), get("self_attn.v_proj")]
            gate_up = [get("mlp.gate_proj"), get("mlp.up_proj")]
            join = lambda list: [Projection(torch.cat(list).to(dtype))] if fused else [Projection(t.to(dtype)) for t in list]
            self.layers.append(types.SimpleNamespace(
                attention_norm=get("input_layernorm").to(dtype), ffn_norm=get("post_attention_layernorm").to(dtype),
                qkv=join(parts), gate_up=join(gate_up), out=Projection(get("self_attn.o_proj").to(dtype)),
                down=Projection(get("mlp.down_proj").to(dtype))))
        half = config.head_dim // 2
        angles = torch.outer(torch.arange(config.max_positions, dtype=torch.float64),
                             config.rope_theta ** (-torch.arange(half, dtype=torch.float64) / half))
        self.cos = torch.cat([angles.cos()] * 2, 1).to(dtype)[:, None]      # [positions, 1, D]
        self.sin = angles.sin().to(dtype)[:, None]                          # [positions, 1, D/2]
        self.sin_roll = torch.cat([-angles.sin(), angles.sin()], 1).to(dtype)[:, None]
        self.mask = torch.full((query_chunk, query_chunk), float("-inf"), dtype=dtype).triu_(1)
        self.forms = self.choose(rows)

    @torch.inference_mode()
    def choose(self, rows):
        """Lets the forms of each kind of product compete; returns the times."""
        groups = {"head": [self.head]}
        for layer in self.layers:
            for name in ("qkv", "gate_up"):
                for index, projection in enumerate(getattr(layer, name)):
                    groups.setdefault(name if self.fused else f"{name}{index}", []).append(projection)
            groups.setdefault("out", []).append(layer.out)
            groups.setdefault("down", []).append(layer.down)
        return {name: choose_forms(projections, rows) for name, projections in groups.items()}

    def new_cache(self, batch, capacity):
        return Cache(self.config, batch, capacity, self.dtype)

    def norm(self, x, weight):
        """RMSNorm over the last dimension, computed in float32."""
        wide = x.float()
        size = torch.linalg.vector_norm(wide, dim=-1, keepdim=True)
        scale = torch.rsqrt(torch.addcmul(self.eps, size, size, value=1 / x.shape[-1]))
        if self.dtype == torch.float32:
            return (wide * scale).mul_(weight)
        return wide.mul_(scale).to(self.dtype).mul_(weight)

    def swiglu(self, parts, keep):
        """silu(gate) * up; the parts are one tensor [..., 2F] or two. bfloat16 passes through float32, which is faster."""
        gate, up = (parts[0][..., :self.config.ffn], parts[0][..., self.config.ffn:]) if self.fused else parts
        if self.dtype == torch.float32 or not keep:
            return F.silu(gate).mul_(up)
        return F.silu(gate.float()).mul_(up.float()).to(self.dtype)

    @torch.inference_mode()
    def prefill(self, ids, cache, logits="last"):
        """Runs ids [T] (batch 1) behind the cache. Logits [V] of the last position, or [T, V] for `all`."""
        config, start, count = self.config, cache.length, ids.shape[0]
        x = F.embedding(ids, self.embedding)
        for index, layer in enumerate(self.layers):
            h = self.norm(x, layer.attention_norm)
            h = self.attend(torch.cat([p.many(h) for p in layer.qkv], 1) if not self.fused else layer.qkv[0].many(h),
                            cache.keys[index], cache.values[index], start)
            x = layer.out.many_plus(h, x)
            h = self.norm(x, layer.ffn_norm)
            x = layer.down.many_plus(self.swiglu([p.many(h) for p in layer.gate_up], True), x)
        cache.length = start + count
        if logits == "last":
            return self.head.one(self.norm(x[-1], self.final_norm))
        return self.head.many(self.norm(x, self.final_norm))

    def attend(self, qkv, keys, values, start):
        """Causal attention of T new positions behind `start` cached ones: qkv [T, ...] -> [T, heads * D]."""
        config, count, half = self.config, qkv.shape[0], self.config.head_dim // 2
        qk = qkv[:, :self.split].view(count, -1, config.head_dim)
        turned = qk * self.cos[start:start + count]
        sin = self.sin[start:start + count]
        turned[..., :half].addcmul_(qk[..., half:], sin, value=-1)
        turned[..., half:].addcmul_(qk[..., :half], sin)
        end = start + count
        keys[:, :, start:end] = turned[:, config.heads:].permute(1, 2, 0)
        values[:, start:end] = qkv[:, self.split:].view(count, config.kv_heads, config.head_dim).transpose(0, 1)
        query = turned[:, :config.heads].view(count, config.kv_heads, self.groups, config.head_dim).permute(1, 2, 0, 3)
        result = torch.empty(count, config.kv_heads, self.groups, config.head_dim, dtype=self.dtype)
        for first in range(0, count, self.query_chunk):
            last = min(first + self.query_chunk, count)
            size, seen = last - first, start + last
            scores = torch.bmm(query[:, :, first:last].reshape(config.kv_heads, -1, config.head_dim), keys[:, :, :seen])
            scores.view(config.kv_heads, self.groups, size, seen)[..., start + first:] += self.mask[:size, :size]
            part = torch.bmm(torch.softmax(scores, -1), values[:, :seen])
            result[first:last] = part.view(config.kv_heads, self.groups, size, config.head_dim).permute(2, 0, 1, 3)
        return result.view(count, -1)

    @torch.inference_mode()
    def step(self, ids, cache):
        """One position for each sequence: ids [B] -> logits [B, V] ([V] for batch 1)."""
        config, batch, at = self.config, cache.batch, cache.length
        single = batch == 1
        apply = Projection.one if single else Projection.many
        apply_plus = Projection.one_plus if single else Projection.many_plus
        x = self.embedding[ids[0]] if single else F.embedding(ids, self.embedding)
        shape = (-1, config.head_dim) if single else (batch, -1, config.head_dim)
        cos, sin, rows, half = self.cos[at], self.sin_roll[at], batch * config.kv_heads, config.head_dim // 2
        for index, layer in enumerate(self.layers):
            h = self.norm(x, layer.attention_norm)
            qkv = apply(layer.qkv[0], h) if self.fused else torch.cat([apply(p, h) for p in layer.qkv], -1)
            qk = qkv[..., :self.split].view(shape)
            turned = torch.addcmul(qk * cos, qk.roll(half, -1), sin)
            keys, values = cache.keys[index], cache.values[index]
            keys[:, :, at] = turned[..., config.heads:, :].reshape(rows, -1)
            values[:, at] = qkv[..., self.split:].reshape(rows, -1)
            query = turned[..., :config.heads, :].reshape(rows, self.groups, config.head_dim)
            scores = torch.softmax(torch.bmm(query, keys[:, :, :at + 1]), -1)
            h = torch.bmm(scores, values[:, :at + 1]).view(x.shape[:-1] + (-1,))
            x = apply_plus(layer.out, h, x)
            h = self.norm(x, layer.ffn_norm)
            x = apply_plus(layer.down, self.swiglu([apply(p, h) for p in layer.gate_up], False), x)
        cache.length = at + 1
        return apply(self.head, self.norm(x, self.final_norm))
