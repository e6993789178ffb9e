namespace LST.Core.Text.Splitting;

/// <summary>The pre-tokenizer: patterns that are applied one after the other, each to the parts that the one before it left.</summary>
internal sealed class TextSplitter(params IReadOnlyList<TextPattern> patterns)
{
    /// <summary>Splits <paramref name="text"/> into (start, length) parts in order.</summary>
    internal List<(int Start, int Length)> Split(ReadOnlySpan<char> text)
    {
        if (!text.ContainsAnyInRange('\uD800', '\uDFFF')) return Run(text);

        var (shadow, positions) = AstralShadow.Of(text);
        var parts = Run(shadow);
        for (var i = 0; i < parts.Count; i++)
        {
            var (start, length) = parts[i];
            parts[i] = (positions[start], positions[start + length] - positions[start]);
        }
        return parts;
    }

    private List<(int Start, int Length)> Run(ReadOnlySpan<char> text)
    {
        var parts = new List<(int Start, int Length)>(text.Length / 4 + 1);
        if (patterns.Count == 0)
        {
            if (text.Length > 0) parts.Add((0, text.Length));
            return parts;
        }
        patterns[0].Split(text, 0, parts);
        foreach (var pattern in patterns.Skip(1))
        {
            var finer = new List<(int Start, int Length)>(parts.Count);
            foreach (var (start, length) in parts) pattern.Split(text.Slice(start, length), start, finer);
            parts = finer;
        }
        return parts;
    }
}
