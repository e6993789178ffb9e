using LST.Core.Compression;
using LST.Core.Models.Generation;
using LST.Evaluation;
using Microsoft.Data.Analysis;

namespace LST.Notebooks;

/// <summary>A continuation that a model wrote greedily from a compressed cache.</summary>
/// <param name="Method">The method as typed.</param>
/// <param name="Ratio">r.</param>
/// <param name="Text">What was written.</param>
/// <param name="Ids">Its ids.</param>
/// <param name="PromptTokens">T.</param>
/// <param name="SlotsAHead">Slots per layer and KV head, mean.</param>
/// <param name="CacheBytes">Bytes of the compressed cache.</param>
public sealed record Writing(string Method, int Ratio, string Text, IReadOnlyList<int> Ids, int PromptTokens, double SlotsAHead, long CacheBytes)
{
    /// <summary>Writes.</summary>
    /// <param name="model">The model.</param>
    /// <param name="prompt">Ids of the prompt, BOS first.</param>
    /// <param name="method">Method with its options: <c>lst</c>, <c>mean:log-mass=true</c>.</param>
    /// <param name="ratio">r; 1: the whole cache.</param>
    /// <param name="tokens">Most new tokens.</param>
    /// <param name="sidecar">A trained sidecar that <c>lst</c> takes in place of the shipped one.</param>
    public static Writing Of(LoadedModel model, long[] prompt, string method, int ratio, int tokens = 60, string? sidecar = null)
    {
        var request = new GenerationRequest(MethodSpec.Parse(method, sidecar: sidecar), Core.Compression.Ratio.Of(ratio), tokens, new SamplingOptions(), GenerationPrompt.StopIds(model));
        var result = new Generator(model.Model, model.Tokenizer).Run([prompt], request)[0];
        var config = model.Model.Config;
        return new Writing(method, ratio, model.Tokenizer.Decode(result.Ids, skipSpecial: true), result.Ids, result.PromptTokens, (double)result.KeptSlots / config.Layers / config.KeyValueHeads, result.CacheBytes);
    }

    /// <summary>How many tokens from the first on are the same in both.</summary>
    public int SameTokens(Writing other) => Ids.Zip(other.Ids).TakeWhile(pair => pair.First == pair.Second).Count();

    /// <summary>What several writings cost, beside the first of them: slots, bytes for a token of the prompt, and how long each wrote the same.</summary>
    public static DataFrame Costs(params IReadOnlyList<Writing> writings) => new(
        new StringDataFrameColumn("method", writings.Select(writing => writing.Method)),
        new Int32DataFrameColumn("r", writings.Select(writing => writing.Ratio)),
        new DoubleDataFrameColumn("slots a head", writings.Select(writing => Math.Round(writing.SlotsAHead, 1))),
        new DoubleDataFrameColumn("bytes/token", writings.Select(writing => Math.Round((double)writing.CacheBytes / writing.PromptTokens))),
        new Int32DataFrameColumn("same tokens", writings.Select(writings[0].SameTokens)));

    /// <inheritdoc/>
    public override string ToString() => Text;
}
