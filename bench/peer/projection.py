"""Matrix products with a weight, each in the form that is fastest on this machine.

A weight [N, K] times one row is memory-bound and times many rows compute-bound, and libraries differ in
which call does either well (OpenBLAS: gemv is up to five times as fast as a gemm of one row). So the forms
compete once, at load, over the weights of all layers, each read from memory as in real use; the best time of
each weight counts, so that other load on the machine does not choose. A transposed copy is kept only where it wins.
"""
import time

import torch
import torch.nn.functional as F

LEAST_SWEEPS, MOST_SWEEPS, SECONDS = 3, 25, 1.5


class Projection:
    """y = x W^T for a weight W [N, K]; `one` takes x [K], `many` takes x [M, K]."""

    def __init__(self, weight):
        self.weight = weight.contiguous()
        self.transposed = None
        self.form_one = self.form_many = "linear"

    def one(self, x):
        form = self.form_one
        if form == "mv":
            return torch.mv(self.weight, x)
        if form == "mv_t":
            return torch.mv(self.transposed.t(), x)
        if form == "mm_t":
            return torch.mm(x[None], self.transposed)[0]
        return F.linear(x[None], self.weight)[0]

    def one_plus(self, x, residual):
        """residual + W x, in one call where the library has one."""
        if self.form_one == "mv":
            return torch.addmv(residual, self.weight, x)
        if self.form_one == "mv_t":
            return torch.addmv(residual, self.transposed.t(), x)
        return residual + self.one(x)

    def many(self, x):
        if self.form_many == "mm_t":
            return torch.mm(x, self.transposed)
        return F.linear(x, self.weight)

    def many_plus(self, x, residual):
        """residual + x W^T."""
        if self.form_many == "mm_t":
            return torch.addmm(residual, x, self.transposed)
        return torch.addmm(residual, x, self.weight.t())


def choose_forms(projections, rows):
    """Chooses `one` and `many` for projections of one shape (`rows` = M of `many`); returns what was measured."""
    weight = projections[0].weight
    for projection in projections:
        projection.transposed = projection.weight.t().contiguous()
    one = torch.randn(weight.shape[1], dtype=torch.float32).to(weight.dtype)
    many = torch.randn(rows, weight.shape[1], dtype=torch.float32).to(weight.dtype)
    report = {"one": compete(projections, "form_one", ("linear", "mm_t", "mv", "mv_t"), Projection.one, one),
              "many": compete(projections, "form_many", ("linear", "mm_t"), Projection.many, many)}
    if not any(form.endswith("_t") for form in (projections[0].form_one, projections[0].form_many)):
        for projection in projections:
            projection.transposed = None
    return report


def compete(projections, attribute, forms, call, x):
    """Sets the fastest form; returns form -> milliseconds of one pass over the projections."""
    best = {form: [float("inf")] * len(projections) for form in forms}
    begin, sweep = time.perf_counter(), 0
    while sweep <= LEAST_SWEEPS or (sweep <= MOST_SWEEPS and time.perf_counter() - begin < SECONDS):
        for form in forms:
            for index, projection in enumerate(projections):
                setattr(projection, attribute, form)
                start = time.perf_counter()
                call(projection, x)
                if sweep:   # the first is the warm-up
                    best[form][index] = min(best[form][index], time.perf_counter() - start)
        sweep += 1
    total = {form: sum(times) for form, times in best.items()}
    winner = min(total, key=total.get)
    for projection in projections:
        setattr(projection, attribute, winner)
    return {form: round(seconds * 1e3, 3) for form, seconds in total.items()} | {"chosen": winner}
