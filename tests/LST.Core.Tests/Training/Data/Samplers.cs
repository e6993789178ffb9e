using LST.Core.Tests.Text;
using LST.Core.Text;
using LST.Core.Training.Data;

namespace LST.Core.Tests.Training.Data;

/// <summary>Small training texts, tokenised by the reference model's tokenizer, and samplers over them.</summary>
internal static class Samplers
{
    public const int Bos = 0;

    public static ITokenizer Tokenizer { get; } = Known.Open("lst-ref");

    public static MixtureSettings Small { get; } = new() { PrefixMin = 400, PrefixMax = 400, Suffix = 160, RepeatMax = 64, QuestionsMax = 3 };

    public static MixtureSettings Only(string kind) => Small with
    {
        Kinds = new KindWeights(kind == SequenceKinds.Text ? 1 : 0, kind == SequenceKinds.Repeat ? 1 : 0, kind == SequenceKinds.Recall ? 1 : 0, kind == SequenceKinds.Ruler ? 1 : 0),
    };

    public static IReadOnlyList<TokenStream> Sources { get; } = [Stream("hills", 1, 60), Stream("rivers", 2, 30)];

    public static SequenceSampler Sampler(MixtureSettings settings, long seed = 5) => new(settings, Sources, Tokenizer, Bos, seed);

    public static string Decode(ReadOnlySpan<long> ids) => Tokenizer.Decode(Array.ConvertAll(ids.ToArray(), id => (int)id), skipSpecial: true);

    public static TokenStream Stream(string name, ulong seed, int documents) =>
        TokenStream.Build(new TrainingText(name, TextRoles.Training, null, Documents(seed, documents)), Tokenizer, new TokenStreamSettings());

    /// <summary>Documents of generated sentences, each ending with a line feed as records do.</summary>
    public static IReadOnlyList<string> Documents(ulong seed, int count)
    {
        var random = new SplittableRandom(seed);
        return [.. Enumerable.Range(0, count).Select(_ => $"{Sentence(random)}\n\n{string.Join(' ', Enumerable.Range(0, 40).Select(_ => Sentence(random)))}\n")];
    }

    private static string Sentence(SplittableRandom random)
    {
        var words = Enumerable.Range(0, random.Between(4, 14)).Select(i => random.Choose(i % 2 == 0 ? WordLists.Nouns : WordLists.Verbs));
        return $"The {string.Join(' ', words)}{random.Choose([".", ".", "!", ".\""])}";
    }
}
