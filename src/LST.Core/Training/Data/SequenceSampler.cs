using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using LST.Core.Text;
using LST.Core.Training.Data.Kinds;

namespace LST.Core.Training.Data;

/// <summary>
/// The training data as an endless list: <see cref="At"/> is a function of (settings, sources, seed, index) alone, so that any index can be made at any time,
/// in any
/// order and on any thread, and a resumed run sees what an uninterrupted one would have seen. Immutable; safe for concurrent use.
/// </summary>
public sealed class SequenceSampler
{
    private readonly MixtureSettings _settings;
    private readonly SplittableRandom _root;
    private readonly IReadOnlyDictionary<string, ISequenceKind> _kinds;

    /// <summary>A sampler over tokenised texts. One sequence of every kind is tried, so that settings that leave no room are refused here.</summary>
    /// <param name="settings">What is drawn.</param>
    /// <param name="sources">Texts by name, each with another name.</param>
    /// <param name="tokenizer">The tokenizer that the streams were made with.</param>
    /// <param name="bos">The id in front of every sequence: the one that the model's config or metadata names.</param>
    /// <param name="seed">Another seed is another list.</param>
    /// <exception cref="UsageException">Settings that mean nothing, a text that must not be trained on, too short a text, or no room for a kind.</exception>
    public SequenceSampler(MixtureSettings settings, IReadOnlyList<TokenStream> sources, ITokenizer tokenizer, int bos, long seed)
    {
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentNullException.ThrowIfNull(tokenizer);
        settings.Validate();
        _settings = settings;
        var mix = new SourceMix(settings, sources);
        var layout = new QuestionLayout(tokenizer, bos);
        var fitter = new PrefixFitter(layout);
        var sentences = new SentenceSource(mix, tokenizer);
        _kinds = new Dictionary<string, ISequenceKind>
        {
            [SequenceKinds.Text] = new TextKind(settings, mix, bos),
            [SequenceKinds.Repeat] = new RepeatKind(settings, mix, bos),
            [SequenceKinds.Recall] = new RecallKind(settings, sentences, layout, fitter),
            [SequenceKinds.Ruler] = new RulerKind(settings, sentences, layout, fitter),
        };
        _root = new SplittableRandom((ulong)seed).Split("sequences");
        Sha256 = Digest(settings, sources, tokenizer, bos, seed);
        foreach (var (kind, weight) in SequenceKinds.All.Zip(settings.Kinds.InOrder))
            if (weight > 0) _ = _kinds[kind].Make(_root.Split("trial").Split(kind), settings.PrefixMin);
    }

    /// <summary>
    /// Digest of all that the list depends on: settings, ids of the sources, tokenizer, BOS and seed; lower-case hex. A resumed run compares it.
    /// </summary>
    public string Sha256 { get; }

    /// <summary>The sequence of an index from 0.</summary>
    /// <exception cref="UsageException">No draw of its kind found room; the message says which length to change.</exception>
    public TrainingSequence At(long index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        var random = _root.Split((ulong)index);
        var kind = SequenceKinds.All[random.ChooseByWeight(_settings.Kinds.InOrder)];
        var prefix = random.Between(_settings.PrefixMin, _settings.PrefixMax);
        return _kinds[kind].Make(random.Split(kind), prefix);
    }

    private static string Digest(MixtureSettings settings, IReadOnlyList<TokenStream> sources, ITokenizer tokenizer, int bos, long seed)
    {
        var k = settings.Kinds;
        var weights = settings.SourceWeights?.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => (FormattableString)$"{pair.Key}={pair.Value:R}") ?? [];
        FormattableString[] parts =
        [
            $"version 1, seed {seed}, bos {bos}, tokenizer {TokenizerFingerprint.Of(tokenizer)}",
            $"prefix {settings.PrefixMin} {settings.PrefixMax} suffix {settings.Suffix} kinds {k.Text:R} {k.Repeat:R} {k.Recall:R} {k.Ruler:R}",
            $"repeat {settings.RepeatMin} {settings.RepeatMax} {settings.RepeatTargets} recall {settings.RecallTemplates} {settings.StatementsMin} {settings.StatementsMax}",
            $"questions {settings.QuestionsMax} {settings.QuestionWeight:R} ruler {string.Join(' ', settings.RulerTasks)} sources weighted {settings.SourceWeights is not null}",
            .. weights, .. sources.Select(source => (FormattableString)$"{source.Name} {source.Sha256}"),
        ];
        var lines = parts.Select(part => part.ToString(CultureInfo.InvariantCulture));
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', lines))));
    }
}
