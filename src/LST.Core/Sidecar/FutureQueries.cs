using LST.Core.Compression;
using LST.Core.Models;
using static TorchSharp.torch;

namespace LST.Core.Sidecar;

/// <summary>Queries of the prefix as if they were asked behind it: pre-RoPE queries of evenly spread tokens, turned to positions T, T + 1, … in order.</summary>
internal static class FutureQueries
{
    /// <summary>Post-RoPE [H_q, count, D] float32, fewer where the prefix is shorter.</summary>
    public static Tensor Of(LayerContext layer, int count)
    {
        var queries = layer.PreRopeQueries ?? throw new InvalidOperationException("the refit needs pre-RoPE queries");
        var tokens = layer.Tokens;
        var taken = Math.Min(count, tokens);
        var rows = Enumerable.Range(0, taken).Select(i => (long)i * tokens / taken).ToArray();
        var (cos, sin) = layer.Rotary.Tables([.. Enumerable.Range(0, taken).Select(i => (long)tokens + i)]);
        var chosen = queries.index_select(1, tensor(rows, device: queries.device)).to(float32);
        return RotaryEmbedding.Rotate(chosen, cos.to(queries.device), sin.to(queries.device));
    }
}
