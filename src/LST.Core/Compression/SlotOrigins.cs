using LST.Core.Caching;
using static TorchSharp.torch;

namespace LST.Core.Compression;

/// <summary>Why a slot is in a compressed layer.</summary>
public enum SlotPart
{
    /// <summary>One of the first tokens, kept as it is in any case.</summary>
    Sink,

    /// <summary>A token that was chosen and kept as it is.</summary>
    Kept,

    /// <summary>Made of one token or several; not any token's own key and value.</summary>
    Merged,

    /// <summary>One of the last tokens, kept as it is in any case.</summary>
    Recent,
}

/// <summary>What one slot is made of.</summary>
/// <param name="Part">Why it is there.</param>
/// <param name="Tokens">Tokens in it, ascending from 0.</param>
/// <param name="Weights">
/// Weight of each token's key in the slot's key before anything that a network adds; of its value in the slot's value where a method merges values alone.
/// They sum up to 1, unless the method adds instead of averaging (CaM).
/// </param>
public sealed record SlotOrigin(SlotPart Part, IReadOnlyList<int> Tokens, IReadOnlyList<float> Weights)
{
    /// <summary>A token that stays.</summary>
    /// <param name="token">The token.</param>
    /// <param name="tokens">T.</param>
    /// <param name="sinks">First tokens kept in any case.</param>
    /// <param name="recent">Last tokens kept in any case.</param>
    public static SlotOrigin Of(int token, int tokens, int sinks, int recent) =>
        new(token < sinks ? SlotPart.Sink : token >= tokens - recent ? SlotPart.Recent : SlotPart.Kept, [token], [1]);

    /// <summary>The mean of tokens.</summary>
    public static SlotOrigin Mean(IReadOnlyList<int> tokens) => new(SlotPart.Merged, tokens, [.. Enumerable.Repeat(1f / tokens.Count, tokens.Count)]);
}

/// <summary>What the slots of a layer are made of, for methods that keep tokens as they are.</summary>
public static class SlotOrigins
{
    /// <summary>One token a slot, the one at the slot's position; each slot's key is compared with that token's bit for bit.</summary>
    /// <param name="layer">The layer as the method saw it.</param>
    /// <param name="made">What the method made of it.</param>
    /// <param name="sinks">First tokens that it keeps in any case.</param>
    /// <param name="recent">Last tokens that it keeps in any case.</param>
    /// <returns>[H_kv][slots].</returns>
    /// <exception cref="CompressionException">A slot is not the token at its position, and the method does not say what it is.</exception>
    public static IReadOnlyList<IReadOnlyList<SlotOrigin>> OfKept(LayerContext layer, CompressedLayer made, int sinks = 0, int recent = 0)
    {
        using var scope = NewDisposeScope();
        var tokens = layer.Tokens;
        var origins = new IReadOnlyList<SlotOrigin>[made.KeyValueHeads];
        for (var h = 0; h < origins.Length; h++)
        {
            var (first, count) = (made.Offsets[h], made.Length(0, h));
            var positions = made.Positions.Slice(first, count).ToArray();
            var isInside = Array.TrueForAll(positions, position => position >= 0 && position < tokens);
            if (!isInside || !made.Keys.narrow(0, first, count).Equals(layer.Keys[h].index_select(0, tensor(positions, int64, device: layer.Keys.device))))
                throw new CompressionException($"layer {layer.Layer}, head {h}: slots must be tokens at their own positions where a method does not say what they are made of, but they are not; implement IKvCompressor.Origins");
            origins[h] = [.. positions.Select(position => SlotOrigin.Of(position, tokens, sinks, recent))];
        }
        return origins;
    }
}
