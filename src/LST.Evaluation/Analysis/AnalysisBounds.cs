using LST.Core;

namespace LST.Evaluation.Analysis;

/// <summary>Checks of what a view is asked for.</summary>
internal static class AnalysisBounds
{
    /// <summary>First element and number of a range of positions.</summary>
    public static (int First, int Count) Of(Range range, int length, string what, int least = 0)
    {
        var (from, to) = (range.Start.GetOffset(length), range.End.GetOffset(length));
        return from >= least && to > from && to <= length ? (from, to - from)
            : throw new UsageException($"{what} {range} must lie within positions {least} to {length} and hold at least one; give e.g. {least}..{Math.Min(length, least + 16)}");
    }

    public static void CheckHead(int layer, int head, int layers, int heads, string what)
    {
        if (layer < 0 || layer >= layers) throw new UsageException($"layer {layer} must be 0 to {layers - 1} in this model; give another");
        if (head < 0 || head >= heads) throw new UsageException($"{what} {head} must be 0 to {heads - 1} in this model; give another");
    }
}
