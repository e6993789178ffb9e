namespace LST.Core.Training.Data.Kinds;

/// <summary>Puts statements between pieces of text at places that do not depend on how many pieces there are.</summary>
internal static class Placement
{
    /// <summary>Pieces and statements joined; place f in [0, 1) of n pieces is the gap ⌊f·(n + 1)⌋, and statements of one gap keep their order.</summary>
    public static string Insert(IReadOnlyList<string> pieces, IReadOnlyList<string> statements, IReadOnlyList<double> places, string joiner)
    {
        var all = new List<string>(pieces.Count + statements.Count);
        for (var gap = 0; gap <= pieces.Count; gap++)
        {
            for (var i = 0; i < statements.Count; i++)
                if ((int)(places[i] * (pieces.Count + 1)) == gap) all.Add(statements[i]);
            if (gap < pieces.Count) all.Add(pieces[gap]);
        }
        return string.Join(joiner, all);
    }
}
