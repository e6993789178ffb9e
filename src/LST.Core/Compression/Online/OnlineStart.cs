using LST.Core.Caching;
using LST.Core.Models;

namespace LST.Core.Compression.Online;

/// <summary>Where online compression begins.</summary>
/// <param name="Config">Shape of the model.</param>
/// <param name="Rotary">Its frequencies.</param>
/// <param name="Budget">Slots of a head.</param>
/// <param name="Cache">Empty, or compressed prompts with an empty tail.</param>
/// <param name="Prompts">Raw last tokens of each prompt [B]; none for an empty cache.</param>
public sealed record OnlineStart(ModelConfig Config, RotaryEmbedding Rotary, OnlineBudget Budget, KvCache Cache, IReadOnlyList<PromptEnd> Prompts)
{
    /// <summary>Tokens of each prompt [B]; zeros for an empty cache. Where positions are slot numbers they are more than the next position.</summary>
    public long[] TokensSeen() => Prompts.Count == 0 ? Cache.NextPositions.ToArray() : [.. Prompts.Select(prompt => (long)prompt.PromptTokens)];
}

/// <summary>What a method sees of one layer after a step. Belongs to the driver.</summary>
/// <param name="Layer">Layer index.</param>
/// <param name="Cache">Prefix and tail, which the method changes.</param>
/// <param name="Seen">Position of each sample's next token, the step's included [B]: the number of its tokens, unless its prompt was renumbered.</param>
/// <param name="NewTokens">Tokens of the step.</param>
/// <param name="Attention">Attention of the step, or null where the method did not ask.</param>
public sealed record OnlineStep(int Layer, LayerCache Cache, ReadOnlyMemory<long> Seen, int NewTokens, StepAttention? Attention)
{
    /// <summary>The attention, or a failure that names the missing declaration.</summary>
    public StepAttention RequireAttention() =>
        Attention ?? throw new InvalidOperationException("the method reads the step's attention but does not declare OnlineNeeds.Attention");
}
