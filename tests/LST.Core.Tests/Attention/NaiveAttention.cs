using LST.Core.Attention;
using LST.Core.Caching;
using static TorchSharp.torch;

namespace LST.Core.Tests.Attention;

/// <summary>
/// The oracle: for every sample, query head and query a loop in double over the slots that the packed storage lists, the blocks of the dense tail and the
/// segment itself. Reads no mask and no padded view; what a query sees follows from true positions alone.
/// </summary>
internal sealed class NaiveAttention(KvCache cache, int? slidingWindow) : ISegmentAttention
{
    public string Name => "naive";

    public Tensor Attend(Tensor queries, Tensor keys, Tensor values, LayerCache layer, SegmentMask mask)
    {
        var (batch, queryHeads, tokens, width) = ((int)queries.shape[0], (int)queries.shape[1], (int)queries.shape[2], (int)queries.shape[3]);
        var heads = (int)keys.shape[1];
        var q = PlainNumbers.Of(queries);
        var result = new double[q.Length];
        for (var b = 0; b < batch; b++)
            for (var h = 0; h < heads; h++)
            {
                var seen = Slots(layer, b, h).Concat(Tail(layer, b, h)).Concat(Segment(keys, values, b, h)).ToList();
                for (var member = 0; member < queryHeads / heads; member++)
                    for (var s = 0; s < tokens; s++)
                    {
                        var row = ((((b * queryHeads) + (h * (queryHeads / heads)) + member) * tokens) + s) * width;
                        Attend(q.AsSpan(row, width), seen, cache.NextPositions[b] + s).CopyTo(result.AsSpan(row, width));
                    }
            }
        return tensor(result, batch, queryHeads, tokens, width).to(queries.dtype);
    }

    private double[] Attend(ReadOnlySpan<double> query, List<Slot> seen, long position)
    {
        var logits = new double[seen.Count];
        for (var j = 0; j < seen.Count; j++)
        {
            var visible = seen[j].Position <= position && (slidingWindow is not { } window || position - seen[j].Position < window);
            logits[j] = visible ? (PlainNumbers.Dot(query, seen[j].Key) / Math.Sqrt(query.Length)) + seen[j].Bias : double.NegativeInfinity;
        }
        var largest = logits.Max();
        var mass = 0.0;
        var output = new double[query.Length];
        for (var j = 0; j < seen.Count; j++)
        {
            var weight = Math.Exp(logits[j] - largest);
            mass += weight;
            for (var d = 0; d < output.Length; d++) output[d] += weight * seen[j].Value[d];
        }
        return [.. output.Select(x => x / mass)];
    }

    private static IEnumerable<Slot> Slots(LayerCache layer, int sample, int head)
    {
        if (layer.Prefix is not { } prefix) return [];
        var width = (int)prefix.Keys.shape[1];
        var (keys, values, bias) = (PlainNumbers.Of(prefix.Keys), PlainNumbers.Of(prefix.Values), prefix.Bias is null ? null : PlainNumbers.Of(prefix.Bias));
        var positions = prefix.Positions.ToArray();
        var first = prefix.Offsets[(sample * prefix.KeyValueHeads) + head];
        return [.. Enumerable.Range(first, prefix.Length(sample, head)).Select(i =>
            new Slot(PlainNumbers.Row(keys, i, width).ToArray(), PlainNumbers.Row(values, i, width).ToArray(), bias?[i] ?? 0, positions[i]))];
    }

    private IEnumerable<Slot> Tail(LayerCache layer, int sample, int head)
    {
        using var scope = NewDisposeScope();
        List<Slot> slots = [];
        var blocks = layer.Tail.Blocks.Select(block => (Keys: PlainNumbers.Heads(block.Keys[sample]), Values: PlainNumbers.Heads(block.Values[sample]))).ToList();
        for (var i = 0; i < layer.Tail.Length; i++)
        {
            var at = layer.Tail.FirstRow + i;
            var (block, row) = (blocks[at / layer.Tail.BlockTokens], at % layer.Tail.BlockTokens);
            slots.Add(new Slot(block.Keys[head][row], block.Values[head][row], 0, cache.NextPositions[sample] - layer.Tail.Length + i));
        }
        return slots;
    }

    private IEnumerable<Slot> Segment(Tensor keys, Tensor values, int sample, int head)
    {
        using var scope = NewDisposeScope();
        var (k, v) = (PlainNumbers.Heads(keys[sample]), PlainNumbers.Heads(values[sample]));
        var first = cache.NextPositions[sample];
        return [.. Enumerable.Range(0, k[head].Length).Select(s => new Slot(k[head][s], v[head][s], 0, first + s))];
    }

    private sealed record Slot(double[] Key, double[] Value, double Bias, long Position);
}

/// <summary>Runs an attention and an oracle side by side, notes how far they part, and goes on with the tested one.</summary>
internal sealed class ComparedAttention(ISegmentAttention tested, ISegmentAttention oracle) : ISegmentAttention
{
    public string Name => tested.Name;

    /// <summary>Largest difference so far, relative to the largest output of its call.</summary>
    public double Largest { get; private set; }

    public int Calls { get; private set; }

    public Tensor Attend(Tensor queries, Tensor keys, Tensor values, LayerCache layer, SegmentMask mask)
    {
        var result = tested.Attend(queries, keys, values, layer, mask);
        var expected = PlainNumbers.Of(oracle.Attend(queries, keys, values, layer, mask));
        Largest = Math.Max(Largest, PlainNumbers.Distance(PlainNumbers.Of(result), expected) / Math.Max(1e-9, expected.Max(Math.Abs)));
        Calls++;
        return result;
    }
}
