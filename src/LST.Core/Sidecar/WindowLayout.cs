namespace LST.Core.Sidecar;

/// <summary>Plain arrays behind a <see cref="WindowBatch"/>.</summary>
internal sealed class WindowLayout
{
    // Logit with which a super-token starts on tokens of its siblings' parts of the window.
    private const float Sibling = -4f;

    private readonly SidecarConfig config;
    private readonly int tokens, windows, firstPosition;
    private readonly long absent;
    private readonly List<long> rows = [], wideStarts = [], wideEnds = [], widePositions = [];
    private readonly List<int> positions = [];
    private readonly List<float> counts = [], wideCounts = [];
    private int window;

    public WindowLayout(SidecarConfig config, IReadOnlyList<WindowPlan?> heads, int tokens, int firstPosition = 0)
    {
        windows = heads.Sum(plan => plan is { IsWide: false } ? plan.Windows.Count : 0);
        (this.config, this.tokens, this.firstPosition, absent) = (config, tokens, firstPosition, (long)heads.Count * tokens);
        Seen = new long[windows * config.SeenTokens];
        Inside = new float[windows * config.LongestWindow];
        Prior = new float[config.SuperTokens == 1 ? 0 : windows * config.SuperTokens * config.LongestWindow];
        HeadOfWindow = new long[windows];
        SuperPositions = new long[windows * config.SuperTokens];
        Offsets = new int[heads.Count + 1];
        for (var h = 0; h < heads.Count; h++)
        {
            if (heads[h] is { } plan) Add(h, plan);
            else Keep(h, 0, tokens);
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

    private void Add(int head, WindowPlan plan)
    {
        Keep(head, 0, plan.Sinks);
        foreach (var (first, count) in plan.Windows)
        {
            if (plan.IsWide)
            {
                AddWide(head, first, count);
                continue;
            }
            See(head, first, count);
            for (var i = 0; i < config.SuperTokens; i++) AddSuperToken(i, first, count);
            window++;
        }
        Keep(head, tokens - plan.Recent, tokens);
    }

    private void Keep(int head, int from, int to)
    {
        for (var token = from; token < to; token++) AddSlot((long)head * tokens + token, firstPosition + token, 1);
    }

    private void AddSlot(long row, int position, float count)
    {
        rows.Add(row);
        positions.Add(position);
        counts.Add(count);
    }

    private void AddWide(int head, int first, int count)
    {
        var position = firstPosition + first + (count - 1) / 2;
        AddSlot(absent + windows * config.SuperTokens + wideStarts.Count, position, count);
        // Rows of running sums, which have T + 1 rows a head.
        wideStarts.Add((long)head * (tokens + 1) + first);
        wideEnds.Add((long)head * (tokens + 1) + first + count);
        wideCounts.Add(count);
        widePositions.Add(position);
    }

    // What the network is shown of the next window.
    private void See(int head, int first, int count)
    {
        var (seen, longest) = (config.SeenTokens, config.LongestWindow);
        HeadOfWindow[window] = head;
        for (var i = 0; i < seen; i++)
        {
            var offset = i - config.Neighbours;
            // Right neighbours follow the window itself, whatever its length; the slots between stay empty.
            var token = offset < longest ? first + offset : first + count + offset - longest;
            var isPresent = (offset < count || offset >= longest) && token >= 0 && token < tokens;
            Seen[window * seen + i] = isPresent ? (long)head * tokens + token : absent;
        }
        for (var i = 0; i < count; i++) Inside[window * longest + i] = 1;
    }

    // Super-token i of the window begins with its own part of it.
    private void AddSuperToken(int i, int first, int count)
    {
        var (m, longest) = (config.SuperTokens, config.LongestWindow);
        var (from, to) = (i * count / m, (i + 1) * count / m);
        var position = firstPosition + first + from + (to - from - 1) / 2;
        SuperPositions[window * m + i] = position;
        for (var j = 0; m > 1 && j < longest; j++) Prior[(window * m + i) * longest + j] = j >= from && j < to ? 0 : Sibling;
        AddSlot(absent + window * m + i, position, (float)count / m);
    }
}
