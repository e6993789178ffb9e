#!/usr/bin/python3
"""The peer of the speed comparison: the same model in eager PyTorch on a CPU.

    bench/eager_pytorch.py check   --model DIR_OR_GGUF [--goldens FILE.jsonl]
    bench/eager_pytorch.py prefill --model DIR_OR_GGUF --ids 512 --dtype float32 --threads 2 --repeats 5
    bench/eager_pytorch.py decode  --model DIR_OR_GGUF --ids 512 --tokens 64 [--batch 8]
    bench/eager_pytorch.py matmul  --model DIR_OR_GGUF --ids 512
    bench/eager_pytorch.py serve   --model DIR_OR_GGUF

Each mode prints one JSON line per repeat to standard output; everything else goes to standard error.
`serve` loads the model once, prints a line with "ready", then answers each JSON line of standard input with one
line; the fields of a command are the option names (mode, ids, tokens, batch, logits, warmup, repeats).

Needs Debian's python3-torch (1.13), python3-numpy and an optimised BLAS. Debian's torch calls the system's
libblas.so.3, which is the slow reference library unless OpenBLAS is installed:

    apt-get install python3-torch python3-numpy libopenblas0-openmp

The OpenMP variant shares torch's thread pool and was the fastest of Debian's (bench/README.md has the table).
float32 is refused on the reference BLAS; bfloat16 uses oneDNN, which torch brings along.
OPENBLAS_CORETYPE and OPENBLAS_L2_SIZE are removed from the environment (they select an older processor's kernels);
--keep-openblas-environment leaves them. ATEN_CPU_CAPABILITY is set to avx512 where the processor has it.
"""
import argparse
import ctypes
import json
import os
import statistics
import sys
import time

MODES = ("prefill", "decode", "matmul", "check", "serve")


def parse(arguments):
    parser = argparse.ArgumentParser(prog="eager_pytorch.py", description="The model in eager PyTorch, timed.")
    parser.add_argument("mode", choices=MODES)
    parser.add_argument("--model", required=True, help="Hugging Face folder or .gguf file")
    parser.add_argument("--dtype", choices=("float32", "bfloat16"), default="float32")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--ids", type=int, default=512, help="prompt length; M of the matrix products")
    parser.add_argument("--tokens", type=int, default=64, help="decode: tokens per repeat")
    parser.add_argument("--batch", type=int, default=1, help="decode: sequences side by side")
    parser.add_argument("--logits", choices=("last", "all"), default="last", help="prefill: positions with logits")
    parser.add_argument("--warmup", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--separate", action="store_true", help="q, k, v and gate, up as products of their own")
    parser.add_argument("--style", choices=("tuned", "plain"), default="tuned",
                        help="tuned by hand as far as it went, or as most people write it, torch as installed")
    parser.add_argument("--query-chunk", type=int, default=128, help="prefill: queries per attention block")
    parser.add_argument("--goldens", help="check: rows with ids, nll, greedy_ids")
    parser.add_argument("--allow-reference-blas", action="store_true")
    parser.add_argument("--keep-openblas-environment", action="store_true")
    parser.add_argument("--verbose", action="store_true", help="print the times of the forms of each product")
    return parser.parse_args(arguments)


def prepare_process(options):
    """Settings that must stand before torch and the BLAS are loaded; starts the process anew for those of glibc."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "BLIS_NUM_THREADS"):
        os.environ[name] = str(options.threads)
    if not options.keep_openblas_environment:
        for name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):
            os.environ.pop(name, None)
    if options.style == "plain":
        return
    with open("/proc/cpuinfo", encoding="ascii", errors="replace") as info:
        if "avx512dq" in info.read():   # torch keeps avx2 by default; avx512 halves the time of silu
            os.environ.setdefault("ATEN_CPU_CAPABILITY", "avx512")
    if "GLIBC_TUNABLES" not in os.environ:   # weights in huge pages: up to a tenth more bandwidth
        os.environ["GLIBC_TUNABLES"] = "glibc.malloc.hugetlb=1"
        os.execv(sys.executable, [sys.executable, *sys.argv])
    # glibc gives freed pages back at once, and each activation then faults its pages in again (up to ten times slower).
    libc = ctypes.CDLL(None)
    if hasattr(libc, "mallopt"):
        trim_threshold, mmap_max = -1, -4
        libc.mallopt(trim_threshold, 2 ** 31 - 1)
        libc.mallopt(mmap_max, 0)


OPTIONS = parse(sys.argv[1:]) if __name__ == "__main__" else None
if OPTIONS:
    prepare_process(OPTIONS)

import torch   # noqa: E402

from peer import checkpoint   # noqa: E402
from peer.measure import Bench, check   # noqa: E402


def loaded_blas():
    """The folder and file of the BLAS that torch uses, and OpenBLAS's processor name where it is one."""
    with open("/proc/self/maps", encoding="utf-8") as maps:
        files = {line.split()[-1] for line in maps if "/" in line and ".so" in line}
    found = next((f for word in ("openblas", "blis", "atlas", "libblas") for f in sorted(files) if word in f), "none")
    core = ""
    try:
        name = ctypes.CDLL(found).openblas_get_corename
        name.restype = ctypes.c_char_p
        core = name().decode()
    except (OSError, AttributeError):
        pass
    return "/".join(found.split("/")[-2:]), core


def main():
    options = OPTIONS
    torch.set_num_threads(options.threads)
    blas, core = loaded_blas()
    if blas == "blas/libblas.so.3.11.0" and options.dtype == "float32" and not options.allow_reference_blas:
        return fail(f"torch uses the reference BLAS ({blas}), which is no fair peer: install libopenblas0-openmp")
    try:
        config, weights = checkpoint.load(options.model)
    except (checkpoint.CheckpointError, OSError, KeyError, ValueError) as error:
        return fail(f"the model cannot be read: {error}")
    bench = Bench(options, config, weights, {"blas": blas, "blas_core": core})
    del weights
    if options.verbose:
        print(json.dumps(bench.model.forms), file=sys.stderr)
    if options.mode == "check":
        return check(bench, options.goldens)
    if options.mode == "serve":
        return serve(bench)
    for record in bench.run(vars(options)):
        print(json.dumps(record), flush=True)
    return 0


def serve(bench):
    """Answers one line per command until standard input ends or a command has mode quit."""
    print(json.dumps({**bench.head, "ready": True}), flush=True)
    defaults = vars(bench.options)
    for line in sys.stdin:
        if not line.strip():
            continue
        try:
            command = json.loads(line)
            if command.get("mode") == "quit":
                break
            unknown = set(command) - {"mode", "ids", "tokens", "batch", "logits", "warmup", "repeats"}
            if unknown or command.get("mode") not in ("prefill", "decode", "matmul"):
                raise ValueError(f"mode must be prefill, decode, matmul or quit; unknown fields: {sorted(unknown)}")
            records = list(bench.run({**defaults, "warmup": 0, "repeats": 1, **command}))
            answer = dict(sorted(records, key=lambda record: record["seconds"])[len(records) // 2])
            if len(records) > 1:
                answer["seconds"] = statistics.median(record["seconds"] for record in records)
                answer["all_seconds"] = [record["seconds"] for record in records]
                if "tokens" in answer:
                    answer["tokens_per_second"] = answer["tokens"] / answer["seconds"]
        except (ValueError, TypeError, AttributeError, RuntimeError) as error:
            answer = {"error": str(error)}
        print(json.dumps(answer), flush=True)
    return 0


def fail(message):
    print(f"eager_pytorch: {message}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
