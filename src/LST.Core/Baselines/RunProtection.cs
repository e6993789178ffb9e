namespace LST.Core.Baselines;

/// <summary>Tokens of one head that KVMerger leaves by themselves: sinks, recents, and of the others those with the largest accumulated attention.</summary>
internal sealed class RunProtection
{
    private readonly bool[] isProtected;
    private readonly Stack<int> releasable;

    /// <summary>Protects what was asked for, as far as there are tokens.</summary>
    /// <param name="accumulated">Accumulated attention of each token [T].</param>
    /// <param name="asked">s, R and the number of heavy tokens.</param>
    public RunProtection(ReadOnlySpan<float> accumulated, (int Sinks, int Recent, int Heavy) asked)
    {
        var (tokens, weights) = (accumulated.Length, accumulated.ToArray());
        var sinks = Math.Min(asked.Sinks, tokens);
        var recent = Math.Min(asked.Recent, tokens - sinks);
        var heavy = Enumerable.Range(sinks, tokens - sinks - recent).OrderByDescending(token => weights[token]).ThenBy(token => token).Take(asked.Heavy).ToArray();
        isProtected = new bool[tokens];
        isProtected.AsSpan(0, sinks).Fill(true);
        isProtected.AsSpan(tokens - recent).Fill(true);
        foreach (var token in heavy) isProtected[token] = true;
        // The last pushed goes first: heavy tokens from the weakest up, then recents from the oldest.
        releasable = new Stack<int>([.. Enumerable.Range(tokens - recent, recent).Reverse(), .. heavy]);
    }

    /// <summary>Whether each token stays by itself [T].</summary>
    public ReadOnlySpan<bool> Tokens => isProtected;

    /// <summary>Gives up the protection of one more token; false where only sinks are left.</summary>
    public bool Release()
    {
        if (!releasable.TryPop(out var token)) return false;
        isProtected[token] = false;
        return true;
    }
}
