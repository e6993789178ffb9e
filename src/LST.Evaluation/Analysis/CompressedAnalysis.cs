using LST.Core.Caching;
using LST.Core.Compression;
using static TorchSharp.torch;

namespace LST.Evaluation.Analysis;

/// <summary>
/// The prefix of a prompt as one method compressed it at one ratio: its slots, what they are made of, and what queries behind the prefix read from them. Belongs to the
/// <see cref="PromptAnalysis"/> that made it and lives as long.
/// </summary>
public sealed class CompressedAnalysis
{
    private readonly PromptAnalysis prompt;
    private readonly CompressedLayer[] layers;
    private readonly IReadOnlyList<IReadOnlyList<IReadOnlyList<SlotOrigin>>> origins;

    internal CompressedAnalysis(PromptAnalysis prompt, string method, Ratio ratio, KvCache cache, IReadOnlyList<IReadOnlyList<IReadOnlyList<SlotOrigin>>> origins)
    {
        (this.prompt, Method, Ratio, this.origins) = (prompt, method, ratio, origins);
        Shift = (int)cache.NextPositions[0] - prompt.Prefix;
        layers = [.. cache.Layers.Select(layer => layer.Release())];
    }

    /// <summary>The method in words.</summary>
    public string Method { get; }

    /// <summary>r.</summary>
    public Ratio Ratio { get; }

    /// <summary>Slots of all layers and heads.</summary>
    public int Slots => layers.Sum(layer => layer.Slots);

    // Position of the next token less T: not 0 where slots were renumbered.
    internal int Shift { get; }

    internal IReadOnlyList<CompressedLayer> Layers => layers;

    private string Source => prompt.SourceOf($"{Method} {Ratio}:1");

    /// <summary>The slots of one KV head, ascending by position; <see cref="SlotView.Tokens"/> are positions in the prefix.</summary>
    /// <param name="layer">Layer from 0.</param>
    /// <param name="head">KV head from 0.</param>
    public IReadOnlyList<SlotView> SlotsOf(int layer, int head)
    {
        AnalysisBounds.CheckHead(layer, head, layers.Length, layers[0].KeyValueHeads, "KV head");
        using var scope = NewDisposeScope();
        var (made, first, count) = (layers[layer], layers[layer].Offsets[head], layers[layer].Length(0, head));
        var norms = PlainRows.Flat(made.Keys.narrow(0, first, count).to(float32).norm(1));
        var tokenNorms = PlainRows.Flat(prompt.Layers[layer].Keys[head].narrow(0, 0, prompt.Prefix).norm(1));
        var bias = made.Bias is null ? new float[count] : PlainRows.Flat(made.Bias.narrow(0, first, count));
        return [.. origins[layer][head].Select((origin, i) => new SlotView(
            KindOf(origin.Part), made.Positions[first + i], origin.Tokens, origin.Weights, norms[i] / origin.Tokens.Average(token => tokenNorms[token]), bias[i]))];
    }

    /// <summary>The text of some tokens and the slots that stand for them (view 1). The range grows until it cuts no slot; tokens of slots count from its first.</summary>
    /// <param name="layer">Layer from 0.</param>
    /// <param name="head">KV head from 0.</param>
    /// <param name="tokens">Positions in the prefix; null: all of it.</param>
    public IngredientsStrip Ingredients(int layer, int head, Range? tokens = null)
    {
        var slots = SlotsOf(layer, head);
        var (first, count) = AnalysisBounds.Of(tokens ?? .., prompt.Prefix, "tokens");
        var last = first + count - 1;
        List<SlotView> inside;
        while (true)
        {
            inside = [.. slots.Where(slot => slot.Tokens[^1] >= first && slot.Tokens[0] <= last)];
            var (low, high) = (inside.Select(slot => slot.Tokens[0]).Append(first).Min(), inside.Select(slot => slot.Tokens[^1]).Append(last).Max());
            if ((low, high) == (first, last)) break;
            (first, last) = (low, high);
        }
        return new IngredientsStrip(Source, layer, head, prompt.Texts(first, last - first + 1), [.. inside.Select(slot => slot with { Tokens = [.. slot.Tokens.Select(token => token - first)] })]) { FirstToken = first };
    }

    /// <summary>
    /// Attention of one query head behind the prefix over the compressed cache: each row is the softmax over all slots, bias included, and the tokens of the continuation up to its
    /// query, as a run computes it for the dense model's queries. Slots are labelled by the text of their tokens, with … where tokens between belong to other slots.
    /// </summary>
    /// <param name="layer">Layer from 0.</param>
    /// <param name="head">Query head from 0.</param>
    /// <param name="queries">Positions behind the prefix, T up to T + S.</param>
    public AttentionMap Map(int layer, int head, Range queries)
    {
        var (first, count) = Queries(layer, head, queries);
        using var noGradients = no_grad();
        using var scope = NewDisposeScope();
        var (held, group, prefix) = (prompt.Layers[layer], prompt.Model.Config.GroupSize, prompt.Prefix);
        var behind = first + count - prefix;
        var rows = Rows(held, head, first, count);
        var tail = PrefixAttention.Products(rows.Queries, held.Keys[head / group].narrow(0, prefix, behind).unsqueeze(0))[0];
        var (at, of) = (arange(first, first + count, device: tail.device).unsqueeze(1), arange(prefix, prefix + behind, device: tail.device).unsqueeze(0));
        tail.masked_fill_(of > at, float.NegativeInfinity);
        if (prompt.Model.Config.SlidingWindow is { } window) tail.masked_fill_(at - of >= window, float.NegativeInfinity);
        var weights = cat([SlotLogits(layer, head, rows, SlotBiasUse.Added), tail], 1).softmax(-1);
        var made = layers[layer];
        var (offset, slots) = (made.Offsets[head / group], made.Length(0, head / group));
        return new AttentionMap(Source, layer, head, prompt.Texts(first, count), [.. Enumerable.Range(first, count)],
            [.. origins[layer][head / group].Select(Label), .. prompt.Texts(prefix, behind)],
            [.. made.Positions.Slice(offset, slots).ToArray(), .. Enumerable.Range(prefix + Shift, behind)], PlainRows.Of(weights));
    }

    /// <summary>
    /// Attention mass of queries behind the prefix, over its tokens and over the slots that stand for them (view 2). The continuation's own tokens are left out of all three, and each
    /// row is a softmax over the prefix alone, so that it sums up to 1.
    /// </summary>
    /// <param name="layer">Layer from 0.</param>
    /// <param name="head">Query head from 0.</param>
    /// <param name="queries">Positions behind the prefix, T up to T + S.</param>
    public MassLedger MassLedger(int layer, int head, Range queries)
    {
        var (first, count) = Queries(layer, head, queries);
        using var noGradients = no_grad();
        using var scope = NewDisposeScope();
        var held = prompt.Layers[layer];
        var (rows, group) = (Rows(held, head, first, count), prompt.Model.Config.GroupSize);
        var dense = DenseLogits(held, head, rows).softmax(-1);
        IReadOnlyList<IReadOnlyList<float>> Weights(SlotBiasUse use) => PlainRows.Of(SlotLogits(layer, head, rows, use).softmax(-1));
        return new MassLedger(Source, layer, head, prompt.Texts(0, prompt.Prefix), SlotsOf(layer, head / group), prompt.Texts(first, count), [.. Enumerable.Range(first, count)],
            PlainRows.Of(dense), Weights(SlotBiasUse.Added), Weights(SlotBiasUse.Off));
    }

    /// <summary>
    /// For each query and each merged slot, the log-sum-exp of the scores of its tokens against its own score with and without bias (view 6). Super-tokens that share a window are
    /// taken together, by the log-sum-exp of their scores. Pairs that a sliding window cuts are left out.
    /// </summary>
    /// <param name="layer">Layer from 0.</param>
    /// <param name="head">Query head from 0.</param>
    /// <param name="queries">Positions behind the prefix; null: all.</param>
    public LogMassPairs LogMassPairs(int layer, int head, Range? queries = null)
    {
        var (first, count) = Queries(layer, head, queries ?? prompt.Prefix..);
        using var noGradients = no_grad();
        using var scope = NewDisposeScope();
        var held = prompt.Layers[layer];
        var rows = Rows(held, head, first, count);
        var (dense, with, without) = (PlainRows.Of(DenseLogits(held, head, rows)), PlainRows.Of(SlotLogits(layer, head, rows, SlotBiasUse.Added)), PlainRows.Of(SlotLogits(layer, head, rows, SlotBiasUse.Off)));
        var windows = Windows(origins[layer][head / prompt.Model.Config.GroupSize]);
        List<float> mass = [], biased = [], plain = [];
        for (var q = 0; q < count; q++)
            foreach (var (tokens, slots) in windows)
            {
                if (tokens.Any(token => float.IsNegativeInfinity(dense[q][token])) || slots.Any(slot => float.IsNegativeInfinity(with[q][slot]))) continue;
                mass.Add(LogSumExp(tokens.Select(token => dense[q][token])));
                biased.Add(LogSumExp(slots.Select(slot => with[q][slot])));
                plain.Add(LogSumExp(slots.Select(slot => without[q][slot])));
            }
        return new LogMassPairs(Source, layer, head, mass, biased, plain);
    }

    internal void Dispose()
    {
        foreach (var layer in layers) layer.Dispose();
    }

    private (int First, int Count) Queries(int layer, int head, Range queries)
    {
        AnalysisBounds.CheckHead(layer, head, layers.Length, prompt.Model.Config.QueryHeads, "query head");
        return AnalysisBounds.Of(queries, prompt.Prefix + prompt.Continuation, "queries", least: prompt.Prefix);
    }

    private static ProbeRows Rows(PromptLayer held, int head, int first, int count) =>
        new(held.Queries[head].narrow(0, first, count).unsqueeze(0), [.. Enumerable.Range(first, count).Select(position => (long)position)]);

    // [Q, T] of one head.
    private Tensor DenseLogits(PromptLayer held, int head, ProbeRows rows)
    {
        var own = held with { Keys = held.Keys[head / prompt.Model.Config.GroupSize].unsqueeze(0) };
        return PrefixAttention.DenseLogits(own, rows, prompt.Prefix, prompt.Model.Config.SlidingWindow)[0];
    }

    // [Q, slots] of one head, without padding.
    private Tensor SlotLogits(int layer, int head, ProbeRows rows, SlotBiasUse use)
    {
        var (made, config) = (layers[layer], prompt.Model.Config);
        var own = head / config.GroupSize;
        // The other heads of the layer read along, each its own slots.
        var all = rows with { Queries = rows.Queries.expand(made.KeyValueHeads, -1, -1) };
        return PrefixAttention.SlotLogits(made, all, Shift, prompt.Model.Rotary, config.SlidingWindow, use)[own].narrow(1, 0, made.Length(0, own));
    }

    private string Label(SlotOrigin origin)
    {
        var text = prompt.Tokens[origin.Tokens[0]];
        for (var i = 1; i < origin.Tokens.Count; i++) text += (origin.Tokens[i] == origin.Tokens[i - 1] + 1 ? "" : "…") + prompt.Tokens[origin.Tokens[i]];
        return text;
    }

    private static List<(IReadOnlyList<int> Tokens, List<int> Slots)> Windows(IReadOnlyList<SlotOrigin> slots)
    {
        List<(IReadOnlyList<int> Tokens, List<int> Slots)> windows = [];
        for (var i = 0; i < slots.Count; i++)
        {
            if (slots[i].Part != SlotPart.Merged) continue;
            if (windows.Count > 0 && windows[^1].Slots[^1] == i - 1 && windows[^1].Tokens.SequenceEqual(slots[i].Tokens)) windows[^1].Slots.Add(i);
            else windows.Add((slots[i].Tokens, [i]));
        }
        return windows;
    }

    private static float LogSumExp(IEnumerable<float> scores)
    {
        float[] all = [.. scores];
        var largest = all.Max();
        return all.Length == 1 ? largest : largest + MathF.Log(all.Sum(score => MathF.Exp(score - largest)));
    }

    internal static SlotKind KindOf(SlotPart part) => part switch
    {
        SlotPart.Sink => SlotKind.Sink,
        SlotPart.Kept => SlotKind.Kept,
        SlotPart.Merged => SlotKind.Merged,
        _ => SlotKind.Recent,
    };
}
