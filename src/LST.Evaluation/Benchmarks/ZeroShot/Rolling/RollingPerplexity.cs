using LST.Core;

namespace LST.Evaluation.Benchmarks.ZeroShot.Rolling;

/// <summary>One document of a rolling perplexity.</summary>
/// <param name="Page">The page as the file has it; words and bytes are counted here.</param>
/// <param name="ScoredText">The page detokenised; its ids are scored.</param>
/// <param name="Ids">Ids of the scored text as the tokenizer gives them, BOS first where it adds one; BOS is scored too.</param>
/// <param name="Windows">The windows.</param>
/// <param name="WindowLogLikelihoods">Log-likelihood of each window's targets, nats.</param>
/// <param name="Words">Words of the page.</param>
/// <param name="Bytes">UTF-8 bytes of the page.</param>
public sealed record RollingDocument(string Page, string ScoredText, int[] Ids, IReadOnlyList<RollingWindow> Windows, IReadOnlyList<double> WindowLogLikelihoods, int Words, int Bytes)
{
    /// <summary>Log-likelihood of the document, nats.</summary>
    public double LogLikelihood { get; } = WindowLogLikelihoods.Sum();
}

/// <summary>Perplexity by words and bytes over documents, summed before it is divided.</summary>
/// <param name="WordPerplexity">exp(−Σ log-likelihood / Σ words).</param>
/// <param name="BytePerplexity">exp(−Σ log-likelihood / Σ bytes).</param>
/// <param name="BitsPerByte">−Σ log-likelihood / (Σ bytes · ln 2).</param>
public sealed record RollingScores(double WordPerplexity, double BytePerplexity, double BitsPerByte)
{
    /// <summary>Scores of at least one document.</summary>
    public static RollingScores Of(IReadOnlyList<RollingDocument> documents) => Of([.. documents.Select(document => (document.LogLikelihood, document.Words, document.Bytes))]);

    /// <summary>Scores of at least one document, of which log-likelihood (nats), words and bytes are known.</summary>
    public static RollingScores Of(IReadOnlyList<(double LogLikelihood, int Words, int Bytes)> documents) => new(
        Weighted([.. documents.Select(document => (document.LogLikelihood, (double)document.Words))]),
        Weighted([.. documents.Select(document => (document.LogLikelihood, (double)document.Bytes))]),
        Bits([.. documents.Select(document => (document.LogLikelihood, (double)document.Bytes))]));

    /// <summary>exp(−Σ log-likelihood / Σ weight).</summary>
    public static double Weighted(IReadOnlyList<(double LogLikelihood, double Weight)> items) => Math.Exp(-items.Sum(item => item.LogLikelihood) / items.Sum(item => item.Weight));

    /// <summary>−Σ log-likelihood / (Σ weight · ln 2).</summary>
    public static double Bits(IReadOnlyList<(double LogLikelihood, double Weight)> items) => -items.Sum(item => item.LogLikelihood) / (items.Sum(item => item.Weight) * Math.Log(2));
}

/// <summary>
/// Perplexity of kind W: lm-evaluation-harness's <c>wikitext</c>. Each page is detokenised and scored in rolling windows; words and bytes are those of the page as it was. Since the ids begin
/// with BOS and the windows put the prefix id in front, BOS is predicted from itself once a document (not with an encoder that adds none). The harness gives no error for these numbers.
/// </summary>
/// <param name="loaded">The model.</param>
/// <param name="encoder">From strings to ids; null: the model's own, BOS on.</param>
/// <param name="maxLength">Ids that are read at once; null: the model's trained length.</param>
public sealed class RollingPerplexity(LoadedModel loaded, PairEncoder? encoder = null, int? maxLength = null)
{
    private readonly PairEncoder encoder = encoder ?? PairEncoder.Of(loaded);
    private readonly LogLikelihoodScorer scorer = new(loaded.Model, maxLength ?? loaded.Model.Config.MaxPositions);

    /// <summary>What item lines say of its encoder.</summary>
    public string EncoderFlag => encoder.Flag;

    /// <summary>Ids that are read at once.</summary>
    public int MaxLength { get; } = maxLength ?? loaded.Model.Config.MaxPositions;

    /// <summary>Scores every document of a text.</summary>
    /// <param name="text">A raw WikiText file.</param>
    /// <param name="progress">Told after each document.</param>
    /// <param name="cancel">Stops between layers.</param>
    /// <exception cref="DataException">The text has no document.</exception>
    public IReadOnlyList<RollingDocument> Run(string text, IRunProgress? progress = null, CancellationToken cancel = default)
    {
        var pages = WikiTextPages.Split(text);
        if (pages.Count == 0) throw new DataException("A rolling perplexity needs at least one document, but the text has none; give a raw WikiText file with something in it.");
        progress?.Begin($"{loaded.Identity.Name} · rolling perplexity", pages.Count, unit: "documents");
        var documents = new List<RollingDocument>(pages.Count);
        foreach (var page in pages)
        {
            documents.Add(Score(page, cancel));
            progress?.Advance();
        }
        return documents;
    }

    /// <summary>Scores one document.</summary>
    /// <param name="page">A page as the file has it.</param>
    /// <param name="cancel">Stops between layers.</param>
    public RollingDocument Score(string page, CancellationToken cancel = default)
    {
        var text = WikiTextDetokenizer.Detokenize(page);
        var ids = encoder.Encode(text);
        var windows = RollingWindows.Of(ids, encoder.PrefixId, MaxLength);
        // One by one: a window may be as long as the model reads.
        double[] logLikelihoods = [.. windows.Select(window => scorer.Score([window.Pair], cancel)[0].LogLikelihood)];
        var (words, bytes) = WikiTextPages.Count(page);
        return new RollingDocument(page, text, ids, windows, logLikelihoods, words, bytes);
    }
}
