using LST.Core.Caching;
using static TorchSharp.torch;

namespace LST.Core.Compression.Online;

/// <summary>Raw keys and values of a prompt's last tokens in every layer, copied from its full cache, which need not be kept.</summary>
public sealed class PromptEnd : IDisposable
{
    private readonly (Tensor Keys, Tensor Values)[] layers;

    private PromptEnd((Tensor, Tensor)[] layers, int tokens, int promptTokens) => (this.layers, Tokens, PromptTokens) = (layers, tokens, promptTokens);

    /// <summary>T, tokens of the prompt.</summary>
    public int PromptTokens { get; }

    /// <summary>Tokens held.</summary>
    public int Tokens { get; }

    /// <summary>Copies the last tokens, all of them where there are fewer.</summary>
    /// <param name="dense">Full cache of one prompt, batch 1.</param>
    /// <param name="tokens">How many are wanted.</param>
    public static PromptEnd Of(KvCache dense, int tokens)
    {
        using var noGradients = no_grad();
        using var scope = NewDisposeScope();
        var held = dense.Layers[0].Tail.Length;
        var taken = Math.Min(tokens, held);
        return new PromptEnd([.. dense.Layers.Select(layer =>
        {
            if (taken == 0) return ((Tensor)zeros(0), (Tensor)zeros(0));
            var (keys, values) = layer.Tail.Joined(held - taken, taken);
            return (keys[0].clone().DetachFromDisposeScope(), values[0].clone().DetachFromDisposeScope());
        })], taken, held);
    }

    /// <summary>Post-RoPE keys and values [H_kv, count, D] of tokens of one layer; views in the current dispose scope.</summary>
    /// <param name="layer">Layer index.</param>
    /// <param name="before">Tokens behind the wanted ones.</param>
    /// <param name="count">Wanted tokens.</param>
    public (Tensor Keys, Tensor Values) Rows(int layer, int before, int count)
    {
        var first = Tokens - before - count;
        ArgumentOutOfRangeException.ThrowIfNegative(first);
        return (layers[layer].Keys.narrow(1, first, count), layers[layer].Values.narrow(1, first, count));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var (keys, values) in layers)
        {
            keys.Dispose();
            values.Dispose();
        }
    }
}
