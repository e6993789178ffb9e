using static TorchSharp.torch;

namespace LST.Evaluation.Analysis;

/// <summary>Queries that look back at a prefix: post-RoPE [H_q, Q, D] float32, and where each stands [Q].</summary>
internal sealed record ProbeRows(Tensor Queries, long[] Positions);
