namespace LST.Core.Training.Data.Kinds;

/// <summary>The streams and how often each is drawn.</summary>
internal sealed class SourceMix
{
    private readonly IReadOnlyList<TokenStream> _sources;
    private readonly double[] _weights;

    public SourceMix(MixtureSettings settings, IReadOnlyList<TokenStream> sources)
    {
        if (sources.Count == 0) throw new UsageException("training data: at least one text is needed, but none was given; name one, for example api-train.");
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var source in sources)
        {
            TextRoles.RequireTraining(source.Name, source.Role);
            if (!names.Add(source.Name)) throw new UsageException($"training data: every text must be given once, but '{source.Name}' is there twice; name it once.");
        }
        if (settings.SourceWeights?.Keys.FirstOrDefault(name => !names.Contains(name)) is { } unknown)
            throw new UsageException(
                $"weights of sources: every name must be a given text, but '{unknown}' is none; the texts are {string.Join(", ", sources.Select(s => s.Name))}.");
        _sources = sources;
        _weights = [.. sources.Select(source => settings.SourceWeights is { } weights ? weights.GetValueOrDefault(source.Name) : source.Count)];
        var needed = settings.PrefixMax + settings.Suffix;
        for (var i = 0; i < sources.Count; i++)
            if (_weights[i] > 0 && sources[i].Count < needed)
                throw new UsageException($"text '{sources[i].Name}': one sequence needs {needed} tokens, but the text has {sources[i].Count}; "
                    + "take a longer text, or shorter prefixes and suffixes.");
    }

    /// <summary>A source in proportion to its weight.</summary>
    public TokenStream Draw(SplittableRandom random) => _sources[random.ChooseByWeight(_weights)];

    /// <summary>[1 + count] BOS and a window of ids from any place of the source.</summary>
    public static long[] Window(TokenStream source, SplittableRandom random, int bos, int count)
    {
        var ids = new long[1 + count];
        ids[0] = bos;
        source.Copy(random.Below(source.Count - count + 1L), ids.AsSpan(1));
        return ids;
    }
}
