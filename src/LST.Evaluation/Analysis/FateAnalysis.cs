using LST.Core.Caching;
using LST.Core.Compression;
using LST.Evaluation.Perplexity;
using static TorchSharp.torch;

namespace LST.Evaluation.Analysis;

/// <summary>What many methods make of one prompt: which tokens stay, and how many slots each head gets.</summary>
public static class FateAnalysis
{
    /// <summary>
    /// The fate of every token of the prefix under each method (view 7). All take at most dense bytes / r: where slots have a bias, or heads list positions of their own, a method
    /// is given fewer slots until it fits.
    /// </summary>
    /// <param name="prompt">The prompt; a short one, for a figure shows each token.</param>
    /// <param name="methods">A row each.</param>
    /// <param name="ratio">r.</param>
    /// <param name="heads">Layers and KV heads from 0; null: the first head of every layer.</param>
    /// <param name="cancel">Stops between layers.</param>
    /// <exception cref="LST.Core.CompressionException">A method has no cache so small.</exception>
    public static TokenFateMap TokenFates(this PromptAnalysis prompt, IReadOnlyList<MethodSpec> methods, Ratio ratio, IReadOnlyList<(int Layer, int Head)>? heads = null, CancellationToken cancel = default)
    {
        var config = prompt.Model.Config;
        heads ??= [.. Enumerable.Range(0, config.Layers).Select(layer => (layer, 0))];
        foreach (var (layer, head) in heads) AnalysisBounds.CheckHead(layer, head, config.Layers, config.KeyValueHeads, "KV head");
        // Keys, values, and a position that the heads of a layer share.
        var denseBytes = (long)config.Layers * prompt.Prefix * ((2 * config.KeyValueHeads * config.HeadDim * (prompt.Model.Dtype == float32 ? 4 : 2)) + 4);
        List<Row> rows = [.. methods.Select(method => new Row(method, ratio))];
        using var compressors = new CompressorSet(rows, prompt.Model.Target);
        for (var open = Enumerable.Range(0, rows.Count).ToList(); open.Count > 0; open.RemoveAll(row => rows[row].BudgetIsFitted))
        {
            using var trial = PromptCompression.Run(prompt.Model, prompt.PrefixIds, [.. open.Select(row => Job(row, null))], prompt.Loaded.Tokenizer, cancel);
            for (var i = 0; i < open.Count; i++) rows[open[i]].Fit(trial.Jobs[i], denseBytes, prompt.Prefix);
        }
        var fates = rows.Select(_ => new HeadFates[heads.Count]).ToList();
        CompressionJob Job(int row, Action<LayerContext, LayerBudget, CompressedLayer>? onLayer) => new(compressors[row], rows[row].Budget) { Asked = ratio, OnLayer = onLayer };
        void Look(int row, LayerContext layer, LayerBudget budget, CompressedLayer made)
        {
            if (heads.All(head => head.Layer != layer.Layer)) return;
            var origins = compressors[row].Origins(layer, budget, made);
            for (var i = 0; i < heads.Count; i++)
                if (heads[i].Layer == layer.Layer) fates[row][i] = Fates(layer, made, origins[heads[i].Head], heads[i].Head);
        }
        using var prompts = PromptCompression.Run(prompt.Model, prompt.PrefixIds, [.. rows.Select((_, row) => Job(row, (layer, budget, made) => Look(row, layer, budget, made)))], prompt.Loaded.Tokenizer, cancel);
        return new TokenFateMap(prompt.SourceOf($"{ratio}:1"), ratio.Value, denseBytes, prompt.Texts(0, prompt.Prefix), heads,
            [.. rows.Select((row, i) => new FateRow(row.Method.Typed, (double)prompts.Jobs[i].Slots / config.Layers / config.KeyValueHeads, prompts.Jobs[i].Bytes, fates[i]))]);
    }

    /// <summary>How many slots each layer and KV head gets under each method.</summary>
    /// <param name="prompt">The prompt.</param>
    /// <param name="methods">A panel each.</param>
    /// <param name="ratio">r.</param>
    /// <param name="cancel">Stops between layers.</param>
    public static BudgetGrid HeadBudgets(this PromptAnalysis prompt, IReadOnlyList<MethodSpec> methods, Ratio ratio, CancellationToken cancel = default)
    {
        var made = prompt.Compress([.. methods.Select(method => (method, ratio))], cancel);
        return new BudgetGrid(prompt.SourceOf($"{ratio}:1"), ratio.Value, prompt.Prefix, [.. methods.Select(method => method.Typed)],
            [.. made.Select(one => (IReadOnlyList<IReadOnlyList<int>>)[.. one.Layers.Select(layer => (IReadOnlyList<int>)[.. Enumerable.Range(0, layer.KeyValueHeads).Select(head => layer.Length(0, head))])])]);
    }

    // A token whose key is a slot's key stays, whatever was merged into the slot's value. Of several slots that a token went into, the one that holds most of it is named.
    private static HeadFates Fates(LayerContext layer, CompressedLayer made, IReadOnlyList<SlotOrigin> origins, int head)
    {
        using var scope = NewDisposeScope();
        var fates = new TokenFate[layer.Tokens];
        var shares = new float[layer.Tokens];
        Array.Fill(fates, TokenFate.Dropped);
        for (var i = 0; i < origins.Count; i++)
        {
            var (origin, row) = (origins[i], made.Offsets[head] + i);
            for (var t = 0; t < origin.Tokens.Count; t++)
            {
                var token = origin.Tokens[t];
                var stays = origin.Part != SlotPart.Merged || (made.Positions[row] == token && made.Keys[row].Equals(layer.Keys[head][token]));
                var kind = origin.Part == SlotPart.Merged && stays ? SlotKind.Kept : CompressedAnalysis.KindOf(origin.Part);
                var into = fates[token].Slots + 1;
                if (stays) fates[token] = new TokenFate(kind, i, origin.Tokens.Count, 1);
                else if (fates[token].Kind is null || (fates[token].Kind == SlotKind.Merged && origin.Weights[t] > shares[token])) fates[token] = new TokenFate(kind, i, origin.Tokens.Count, into);
                else if (fates[token].Kind == SlotKind.Merged) fates[token] = fates[token] with { Slots = into };
                shares[token] = Math.Max(shares[token], origin.Weights[t]);
            }
        }
        return new HeadFates(origins.Count, fates);
    }
}
