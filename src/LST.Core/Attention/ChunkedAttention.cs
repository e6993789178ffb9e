using LST.Core.Attention.Cpu;
using LST.Core.Attention.Cpu.Vectors;
using LST.Core.Caching;
using LST.Core.Models;
using LST.Core.Models.Checkpoints;
using static TorchSharp.torch;

namespace LST.Core.Attention;

/// <summary>
/// Attention of segments on the CPU. In bfloat16 and float16 the products run as library matrix products over chunks of queries, which reach several
/// times the rate of the fused kernel there, and the softmax between them in one pass of our own; only the keys that a chunk can see are touched.
/// In float32, and where gradients are wanted, the library's fused attention is as good and is used; in float32 too for 16-bit types on processors that have no product of them (<see cref="MatrixProducts"/>).
/// </summary>
/// <param name="pool">Threads of the softmax.</param>
/// <param name="isSlow">Whether to take the processor for one without 16-bit products; null: what it is.</param>
internal sealed class ChunkedAttention(Func<WorkerPool> pool, bool? isSlow = null) : ISegmentAttention
{
    private const int ChunkQueries = 256;
    private readonly LibraryAttention library = new();

    /// <inheritdoc/>
    public string Name => "cpu";

    /// <inheritdoc/>
    public Tensor Attend(Tensor queries, Tensor keys, Tensor values, LayerCache layer, SegmentMask mask)
    {
        if (queries.dtype == float32 || is_grad_enabled() || queries.shape[2] < 8) return library.Attend(queries, keys, values, layer, mask);
        if (MatrixProducts.Widens(queries, isSlow)) return Widened(queries, keys, values, layer, mask);
        var (batch, queryHeads, tokens, headDim) = ((int)queries.shape[0], (int)queries.shape[1], (int)queries.shape[2], queries.shape[3]);
        var heads = (int)keys.shape[1];
        var group = queryHeads / heads;
        var causal = mask.IsPlainCausal(layer);
        var (allKeys, allValues) = SegmentKeys.Join(keys, values, layer);
        var count = (int)allKeys.shape[2];
        var transposed = allKeys.reshape(batch * heads, count, headDim).transpose(1, 2);
        var rows = allValues.reshape(batch * heads, count, headDim);
        var grouped = queries.view(batch * heads, group, tokens, headDim);
        var additive = causal ? null : mask.For(layer)?.contiguous();
        // Laid out as the output projection wants it: [B, S, H_q, D].
        var output = empty([batch, tokens, queryHeads, headDim], queries.dtype, queries.device);
        var target = output.view(batch, tokens, heads, group, headDim).permute(0, 2, 3, 1, 4);
        for (var start = 0; start < tokens; start += ChunkQueries)
        {
            using var scope = NewDisposeScope();
            var chunk = Math.Min(ChunkQueries, tokens - start);
            var seen = causal ? start + chunk : count;
            var scores = bmm(grouped.narrow(2, start, chunk).reshape(batch * heads, group * chunk, headDim), transposed.narrow(2, 0, seen));
            Softmax(scores, chunk, (float)(1 / Math.Sqrt(headDim)), start, additive, batch, heads);
            var attended = bmm(scores, rows.narrow(1, 0, seen)).view(batch, heads, group, chunk, headDim);
            target.narrow(3, start, chunk).copy_(attended);
        }
        return output.transpose(1, 2);
    }

    private static Tensor Widened(Tensor queries, Tensor keys, Tensor values, LayerCache layer, SegmentMask mask)
    {
        using var scope = NewDisposeScope();
        var (allKeys, allValues) = SegmentKeys.Join(keys, values, layer);
        var wide = LibraryAttention.Attend(queries.to(float32), allKeys.to(float32), allValues.to(float32), mask.IsPlainCausal(layer) ? null : mask.For(layer), mask.IsPlainCausal(layer));
        return wide.to(queries.dtype).MoveToOuterDisposeScope();
    }

    // The mask is [B or 1, H or 1, S, n]: one of its sizes of 1 means that all share it.
    private unsafe void Softmax(Tensor scores, int chunk, float scale, int start, Tensor? additive, int batch, int heads)
    {
        if (additive is null)
        {
            // Without a mask every key is seen unless the causal edge says otherwise; a single shared row of zeros cannot be told from it.
            RowKernels.Softmax(pool(), scores, chunk, scale, start, null, 0, 0);
            return;
        }
        var (rows, keys) = (additive.shape[2], additive.shape[3]);
        var perHead = additive.shape[1] > 1 || additive.shape[0] > 1;
        if (perHead && additive.shape[0] * additive.shape[1] != batch * (long)heads) additive = additive.expand(batch, heads, rows, keys).contiguous();
        var data = (float*)NativeMemory.DataOf(additive) + start * keys;
        RowKernels.Softmax(pool(), scores, chunk, scale, start, data, perHead ? (nint)(rows * keys) : 0, (nint)keys);
    }
}
