"""Timed runs of the peer, and the check of its numbers against reference values."""
import json
import math
import sys
import time

import torch

from .model import Model
from .plain import PlainModel


class Bench:
    """A loaded model with its timed modes; every mode yields one record per repeat."""

    def __init__(self, options, config, weights, facts):
        self.options = options
        dtype = getattr(torch, options.dtype)
        rows = max(options.ids, 16)
        if options.style == "plain":
            self.model = PlainModel(config, weights, dtype)
        else:
            self.model = Model(config, weights, dtype, not options.separate, options.query_chunk, rows)
        self.head = {"peer": "eager-pytorch", "style": options.style, "version": torch.__version__, "model": config.name,
                     "dtype": options.dtype, "threads": options.threads, **facts}

    def run(self, settings):
        """Runs `warmup` + `repeats` times what `settings` says; yields the records of the repeats."""
        config = self.model.config
        need = settings["ids"] + (settings["tokens"] if settings["mode"] == "decode" else 0)
        if not 1 <= settings["ids"] or need > config.max_positions:
            raise ValueError(f"{need} positions asked, the model has {config.max_positions}")
        if min(settings["tokens"], settings["batch"], settings["repeats"]) < 1:
            raise ValueError("tokens, batch and repeats must be at least 1")
        return {"prefill": self.prefill, "decode": self.decode, "matmul": self.matmul}[settings["mode"]](settings)

    def record(self, settings, seconds, **more):
        return {**self.head, "mode": settings["mode"], "ids": settings["ids"], **more, "seconds": seconds}

    def prompt(self, count):
        """Ids that both sides can make: 1, then 7919 i mod V."""
        ids = torch.arange(count) * 7919 % self.model.config.vocab
        ids[0] = 1
        return ids

    def prefill(self, settings):
        ids, cache = self.prompt(settings["ids"]), self.model.new_cache(1, settings["ids"])
        for repeat in range(-settings["warmup"], settings["repeats"]):
            cache.length = 0
            start = time.perf_counter()
            logits = self.model.prefill(ids, cache, settings["logits"])
            seconds = time.perf_counter() - start
            if repeat >= 0:
                next_id = int(logits.view(-1, logits.shape[-1])[-1].argmax())
                yield self.record(settings, seconds, logits=settings["logits"], tokens=len(ids),
                                  tokens_per_second=len(ids) / seconds, next_id=next_id)

    def decode(self, settings):
        """Greedy; the id of each step is read by the host, as in real decoding. Sequences of a batch are equal."""
        ids, batch, tokens = self.prompt(settings["ids"]), settings["batch"], settings["tokens"]
        single = self.model.new_cache(1, len(ids))
        first = self.model.prefill(ids, single).argmax().view(1).repeat(batch)
        cache = self.model.new_cache(batch, len(ids) + tokens)
        cache.begin_with(single, len(ids))
        for repeat in range(-settings["warmup"], settings["repeats"]):
            cache.length, current = len(ids), first
            start = time.perf_counter()
            for _ in range(tokens):
                current = self.model.step(current, cache).view(batch, -1).argmax(-1)
                read = current.tolist()
            seconds = time.perf_counter() - start
            if repeat >= 0:
                yield self.record(settings, seconds, batch=batch, tokens=tokens * batch,
                                  tokens_per_second=tokens * batch / seconds, next_id=read[0])

    @torch.inference_mode()
    def matmul(self, settings):
        """The rate of the model's own products at M = ids, each kind summed over all layers."""
        model, rows = self.model, settings["ids"]
        kinds = {"head": [model.head]}
        for layer in model.layers:
            for name in ("qkv", "gate_up"):
                kinds.setdefault(name, []).extend(getattr(layer, name))
            kinds.setdefault("out", []).append(layer.out)
            kinds.setdefault("down", []).append(layer.down)
        inputs = {width: torch.randn(rows, width).to(model.dtype)
                  for width in {p.weight.shape[1] for group in kinds.values() for p in group}}
        for repeat in range(-settings["warmup"], settings["repeats"]):
            rates, layer_seconds, layer_flops = {}, 0.0, 0
            for name, group in kinds.items():
                flops = sum(2 * rows * p.weight.numel() for p in group)
                start = time.perf_counter()
                for projection in group:
                    projection.many(inputs[projection.weight.shape[1]])
                seconds = time.perf_counter() - start
                outputs, width = group[0].weight.shape
                rates[f"{name} {width}x{outputs}"] = round(flops / seconds / 1e9, 1)
                if name != "head":
                    layer_seconds, layer_flops = layer_seconds + seconds, layer_flops + flops
            if repeat >= 0:
                yield self.record(settings, layer_seconds, gflops=layer_flops / layer_seconds / 1e9, gflops_by_product=rates)


def check(bench, goldens):
    """Compares with reference rows (ids, nll, greedy_ids); prints a line per row; 0 when all agree."""
    if not goldens:
        print("check needs --goldens FILE.jsonl", file=sys.stderr)
        return 2
    model, failed, loose = bench.model, 0, bench.options.dtype != "float32"
    with open(goldens, encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines if line.strip()]
    for row in rows:
        ids = torch.tensor(row.get("ids_bos") or row["ids"])
        if len(ids) < 2 or len(ids) + 64 > model.config.max_positions:
            continue
        logits = model.prefill(ids, model.new_cache(1, len(ids)), "all").float()
        nll = -torch.log_softmax(logits[:-1], -1).gather(1, ids[1:, None])[:, 0]
        line = {"row": row.get("id", "?"), "ids": len(ids), "perplexity": math.exp(nll.mean())}
        if "nll" in row:
            expected = torch.tensor(row["nll"])
            line["nll_difference"] = float((nll - expected).abs().max())
            line["mean_nll_difference"] = float((nll.mean() - expected.mean()).abs())
            line["passed"] = line["mean_nll_difference"] < 0.05 if loose else line["nll_difference"] < 2e-3
        if "greedy_ids" in row:
            answers = [greedy(model, ids, len(row["greedy_ids"]), batch) for batch in (1, 3)]
            line["passed"] = line.get("passed", True) and answers == [row["greedy_ids"]] * 2
        line["steps_agree"] = steps_agree(model, ids, logits, 0.3 if loose else 1e-3)
        failed += not (line.get("passed", True) and line["steps_agree"])
        print(json.dumps(line), flush=True)
    return 1 if failed else 0


def greedy(model, ids, count, batch):
    """`count` greedy ids; a batch runs every sequence from position 0 by steps."""
    cache = model.new_cache(batch, len(ids) + count)
    if batch == 1:
        logits = model.prefill(ids, cache)
    else:
        for token in ids:
            logits = model.step(token.repeat(batch), cache)[-1]
    found = []
    for _ in range(count):
        found.append(int(logits.argmax()))
        logits = model.step(torch.tensor([found[-1]] * batch), cache).view(batch, -1)[-1]
    return found


def steps_agree(model, ids, logits, tolerance):
    """Prefill in two parts, then steps, against the logits of one pass: the mean difference of a position."""
    cut, tail = len(ids) // 2, max(len(ids) - 8, len(ids) // 2)
    cache = model.new_cache(1, len(ids))
    model.prefill(ids[:cut], cache)
    if tail > cut:
        model.prefill(ids[cut:tail], cache)
    for at in range(tail, len(ids)):
        if float((model.step(ids[at:at + 1], cache).float() - logits[at]).abs().mean()) > tolerance:
            return False
    return True
