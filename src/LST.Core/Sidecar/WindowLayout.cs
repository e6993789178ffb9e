namespace LST.Core.Sidecar;

/// <summary>Plain arrays behind a <see cref="WindowBatch"/>.</summary>
internal sealed class WindowLayout
{
    // Logit with which a super-token starts on tokens of its siblings' parts of the window.
    private const float Sibling = -4f;

    public WindowLayout(SidecarConfig config, IReadOnlyList<WindowPlan?> heads, int tokens, int firstPosition = 0)
    {
        var windows = heads.Sum(plan => plan is { IsWide: false } ? plan.Windows.Count : 0);
        var (m, longest, seen, absent) = (config.SuperTokens, config.LongestWindow, config.SeenTokens, (long)heads.Count * tokens);
        Seen = new long[windows * seen];
        Inside = new float[windows * longest];
        Prior = new float[m == 1 ? 0 : windows * m * longest];
        HeadOfWindow = new long[windows];
        SuperPositions = new long[windows * m];
        Offsets = new int[heads.Count + 1];
        List<long> rows = [];
        List<int> positions = [];
        List<float> counts = [];
        List<long> wideStarts = [], wideEnds = [], widePositions = [];
        List<float> wideCounts = [];
        void Keep(int head, int token)
        {
            rows.Add((long)head * tokens + token);
            positions.Add(firstPosition + token);
            counts.Add(1);
        }
        var window = 0;
        for (var h = 0; h < heads.Count; h++)
        {
            if (heads[h] is not { } plan)
            {
                for (var j = 0; j < tokens; j++) Keep(h, j);
            }
            else
            {
                for (var j = 0; j < plan.Sinks; j++) Keep(h, j);
                foreach (var (first, count) in plan.IsWide ? plan.Windows : [])
                {
                    // Rows of running sums, which have T + 1 rows a head.
                    wideStarts.Add((long)h * (tokens + 1) + first);
                    wideEnds.Add((long)h * (tokens + 1) + first + count);
                    wideCounts.Add(count);
                    widePositions.Add(firstPosition + first + (count - 1) / 2);
                    rows.Add(absent + windows * m + wideStarts.Count - 1);
                    positions.Add(firstPosition + first + (count - 1) / 2);
                    counts.Add(count);
                }
                foreach (var (first, count) in plan.IsWide ? [] : plan.Windows)
                {
                    HeadOfWindow[window] = h;
                    for (var i = 0; i < seen; i++)
                    {
                        var offset = i - config.Neighbours;
                        // Right neighbours follow the window itself, whatever its length; the slots between stay empty.
                        var token = offset < longest ? first + offset : first + count + offset - longest;
                        var present = (offset < longest ? offset < count : true) && token >= 0 && token < tokens;
                        Seen[window * seen + i] = present ? (long)h * tokens + token : absent;
                    }
                    for (var i = 0; i < count; i++) Inside[window * longest + i] = 1;
                    for (var i = 0; i < m; i++)
                    {
                        var (from, to) = (i * count / m, (i + 1) * count / m);
                        var position = firstPosition + first + from + (to - from - 1) / 2;
                        SuperPositions[window * m + i] = position;
                        for (var j = 0; m > 1 && j < longest; j++) Prior[(window * m + i) * longest + j] = j >= from && j < to ? 0 : Sibling;
                        rows.Add(absent + window * m + i);
                        positions.Add(position);
                        counts.Add((float)count / m);
                    }
                    window++;
                }
                for (var j = tokens - plan.Recent; j < tokens; j++) Keep(h, j);
            }
            Offsets[h + 1] = rows.Count;
        }
        (Rows, Positions, Counts) = ([.. rows], [.. positions], [.. counts]);
        (WideStarts, WideEnds, WidePositions, WideCounts) = ([.. wideStarts], [.. wideEnds], [.. widePositions], [.. wideCounts]);
    }

    public long[] Seen { get; }

    public float[] Inside { get; }

    public float[] Prior { get; }

    public long[] HeadOfWindow { get; }

    public long[] SuperPositions { get; }

    public long[] Rows { get; }

    public long[] WideStarts { get; }

    public long[] WideEnds { get; }

    public long[] WidePositions { get; }

    public float[] WideCounts { get; }

    public int[] Offsets { get; }

    public int[] Positions { get; }

    public float[] Counts { get; }
}
