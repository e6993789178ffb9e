using LST.Core.Text;
using LST.Core.Training.Data.Kinds;

namespace LST.Core.Training.Data;

/// <summary>A generated item in the form of the recall examination's: one question about one of the facts in a context.</summary>
/// <param name="Template">Letter of its template, A to D.</param>
/// <param name="Facts">Facts in the context.</param>
/// <param name="Context">Sentences and statements.</param>
/// <param name="Question">The question, up to where the answer begins.</param>
/// <param name="Answer">The value that is asked for.</param>
/// <param name="Source">Name of the text that the sentences come from.</param>
public sealed record GeneratedRecall(string Template, int Facts, string Context, string Question, string Answer, string Source);

/// <summary>
/// Endless lists of items of templates A to D, made as the training sequences of kind <c>recall</c> are (conventions §3) but from a seed space of their own, so that none of them is a training
/// sequence of some seed. <see cref="At"/> depends on (sources, tokenizer, numbers, seed, index) alone. Immutable; safe for concurrent use.
/// </summary>
public sealed class RecallGenerator
{
    // As Kinds.Room: so many draws before the numbers are found to leave no room.
    private const int Attempts = 256;

    private readonly RecallKind _kind;
    private readonly SplittableRandom _root;
    private readonly int _facts;
    private readonly int _tokens;

    /// <summary>A list over tokenised training texts.</summary>
    /// <param name="sources">Texts that sentences are drawn from; development and test texts are refused.</param>
    /// <param name="tokenizer">The tokenizer that the streams were made with.</param>
    /// <param name="bos">The id in front of every item.</param>
    /// <param name="seed">Another seed is another list.</param>
    /// <param name="facts">Facts in every context, 1 to 64.</param>
    /// <param name="tokens">Tokens of a context, BOS included.</param>
    /// <param name="templates">Letters of the templates, each equally likely.</param>
    /// <exception cref="UsageException">Numbers that mean nothing, or a text that must not be drawn from or is too short.</exception>
    public RecallGenerator(IReadOnlyList<TokenStream> sources, ITokenizer tokenizer, int bos, long seed, int facts, int tokens, string templates = "ABCD")
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        var settings = new MixtureSettings { PrefixMin = tokens, PrefixMax = tokens, StatementsMin = facts, StatementsMax = facts, RecallTemplates = templates };
        settings.Validate();
        var layout = new QuestionLayout(tokenizer, bos);
        _kind = new RecallKind(settings, new SentenceSource(new SourceMix(settings, sources), tokenizer), layout, new PrefixFitter(layout));
        _root = new SplittableRandom((ulong)seed).Split("recall items").Split((ulong)facts).Split((ulong)tokens).Split(templates);
        (_facts, _tokens) = (facts, tokens);
    }

    /// <summary>The item of an index from 0.</summary>
    /// <exception cref="UsageException">The facts find no room in a context.</exception>
    public GeneratedRecall At(long index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        var random = _root.Split((ulong)index);
        for (var attempt = 0UL; attempt < Attempts; attempt++)
        {
            // A context may hold fewer facts where their statements would leave no room for sentences.
            if (_kind.Context(random.Split(attempt), _tokens) is not var (template, text, facts, source) || facts.Length < _facts) continue;
            return new GeneratedRecall(template.Letter.ToString(), facts.Length, text, template.Question(facts[0].Key), facts[0].Value, source);
        }
        throw new UsageException($"recall items: {_facts} facts must fit into three quarters of a context, but none of {Attempts} draws fits into {_tokens} tokens; take fewer facts or longer contexts");
    }
}
