using static TorchSharp.torch;

namespace LST.Evaluation.Analysis;

/// <summary>What a dense pass showed of one layer, float32: T tokens of the prefix and the S behind it. Owns its tensors.</summary>
/// <param name="Keys">Post-RoPE keys [H_kv, T + S, D].</param>
/// <param name="Values">Values [H_kv, T + S, D].</param>
/// <param name="Queries">Post-RoPE queries [H_q, T + S, D].</param>
/// <param name="PreRopeQueries">Queries of the prefix before RoPE [H_q, T, D].</param>
internal sealed record PromptLayer(Tensor Keys, Tensor Values, Tensor Queries, Tensor PreRopeQueries) : IDisposable
{
    public void Dispose()
    {
        foreach (var tensor in new[] { Keys, Values, Queries, PreRopeQueries }) tensor.Dispose();
    }
}
