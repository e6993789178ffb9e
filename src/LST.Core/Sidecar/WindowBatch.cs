using LST.Core.Models;
using static TorchSharp.torch;

namespace LST.Core.Sidecar;

/// <summary>
/// The windows of all heads of one layer as index tensors, packed: the N windows of head 0, then of head 1 … Made once for a plan and used for every
/// layer that has it. Row j of head h is row h·T + j of flattened keys [H_kv·T, D].
/// </summary>
public sealed class WindowBatch : IDisposable
{
    /// <summary>Lays out one plan a head.</summary>
    /// <param name="config">The sidecar's options.</param>
    /// <param name="heads">[H_kv] plans; null: the head stays as it is.</param>
    /// <param name="tokens">T.</param>
    /// <param name="rotary">Frequencies of the model.</param>
    /// <param name="device">Where the tensors lie.</param>
    /// <param name="firstPosition">True position of the first of the T tokens: above 0 where they are a part of a text.</param>
    public WindowBatch(SidecarConfig config, IReadOnlyList<WindowPlan?> heads, int tokens, RotaryEmbedding rotary, Device device, int firstPosition = 0)
    {
        (Plans, Tokens, SuperTokens) = (heads, tokens, config.SuperTokens);
        HeadOffsets = new int[heads.Count + 1];
        for (var h = 0; h < heads.Count; h++) HeadOffsets[h + 1] = HeadOffsets[h] + (heads[h] is { IsWide: false } plan ? plan.Windows.Count : 0);
        var layout = new WindowLayout(config, heads, tokens, firstPosition);
        (SlotOffsets, SlotPositions, SlotCounts) = (layout.Offsets, layout.Positions, layout.Counts);
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        var windows = Windows;
        Seen = tensor(layout.Seen, windows, config.SeenTokens, device: device);
        IsSeen = tensor(layout.Seen.Select(row => row < (long)heads.Count * tokens ? 1f : 0f).ToArray(), windows, config.SeenTokens, device: device);
        Inside = tensor(layout.Inside, windows, config.LongestWindow, device: device);
        Hidden = where(Inside > 0, zeros_like(Inside), full_like(Inside, float.NegativeInfinity));
        Lengths = Inside.sum(1, keepdim: true);
        LengthIndex = Lengths.squeeze(1).to(int64);
        HeadOfWindow = tensor(layout.HeadOfWindow, device: device);
        Rows = tensor(layout.Rows, device: device);
        Wide = layout.WideStarts.Length == 0 ? null : new WideWindows(layout, rotary, device);
        Prior = config.SuperTokens == 1 ? null : tensor(layout.Prior, windows, config.SuperTokens, config.LongestWindow, device: device);
        var (cos, sin) = rotary.Tables(layout.SuperPositions);
        (Cos, Sin) = (cos.to(device), sin.to(device));
        foreach (var made in Tensors) made.DetachFromDisposeScope();
    }

    /// <summary>The plan of each head.</summary>
    public IReadOnlyList<WindowPlan?> Plans { get; }

    /// <summary>T.</summary>
    public int Tokens { get; }

    /// <summary>m.</summary>
    public int SuperTokens { get; }

    /// <summary>N, windows over all heads that the network sees.</summary>
    public int Windows => HeadOffsets[^1];

    /// <summary>First window of each head, and N [H_kv + 1].</summary>
    public int[] HeadOffsets { get; }

    /// <summary>Whether all heads have the same number of windows.</summary>
    public bool IsUniform => Enumerable.Range(0, Plans.Count).All(h => HeadOffsets[h + 1] - HeadOffsets[h] == HeadOffsets[1]);

    /// <summary>Rows of what the network sees of each window, neighbours first and last; H_kv·T where there is nothing. int64 [N, w_max + 2c].</summary>
    public Tensor Seen { get; }

    /// <summary>1 where <see cref="Seen"/> is a token. float32 [N, w_max + 2c].</summary>
    public Tensor IsSeen { get; }

    /// <summary>1 for tokens of the window itself. float32 [N, w_max].</summary>
    public Tensor Inside { get; }

    /// <summary>0 for tokens of the window, −∞ elsewhere. float32 [N, w_max].</summary>
    public Tensor Hidden { get; }

    /// <summary>Tokens of each window. float32 [N, 1].</summary>
    public Tensor Lengths { get; }

    /// <summary>The same as int64 [N].</summary>
    public Tensor LengthIndex { get; }

    /// <summary>Head of each window. int64 [N].</summary>
    public Tensor HeadOfWindow { get; }

    /// <summary>Where the logits of each super-token start, so that the m of a window differ; null at m = 1. float32 [N, m, w_max].</summary>
    public Tensor? Prior { get; }

    /// <summary>Cosines of the super-tokens' positions [N·m, D/2].</summary>
    public Tensor Cos { get; }

    /// <summary>Sines of the super-tokens' positions [N·m, D/2].</summary>
    public Tensor Sin { get; }

    /// <summary>Windows that are pooled without the network; null: none.</summary>
    internal WideWindows? Wide { get; }

    /// <summary>Rows of the compressed layer in (dense rows ⊕ super-tokens ⊕ wide means). int64 [Σ slots].</summary>
    public Tensor Rows { get; }

    /// <summary>[H_kv + 1].</summary>
    public int[] SlotOffsets { get; }

    /// <summary>Position of each slot.</summary>
    public int[] SlotPositions { get; }

    /// <summary>Tokens that each slot stands for.</summary>
    public float[] SlotCounts { get; }

    private IEnumerable<Tensor> Tensors => new[] { Seen, IsSeen, Inside, Hidden, Lengths, LengthIndex, HeadOfWindow, Prior, Cos, Sin, Rows }.OfType<Tensor>();

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var made in Tensors) made.Dispose();
        Wide?.Dispose();
    }
}
