using System.Text.Json;
using LST.Core;
using LST.Core.Compression;
using LST.Evaluation.Benchmarks.Items;
using LST.Evaluation.Benchmarks.ZeroShot.Rolling;

namespace LST.Evaluation.Benchmarks.Runs;

/// <summary>
/// lm-evaluation-harness's <c>wikitext</c>: every id of a document is scored once, in rolling windows of the model's trained length. Windows read no cache, so that there is one row, dense. The score of a
/// document is −log-likelihood / (bytes · ln 2), bits a byte, smaller is better; the harness's three numbers are sums over documents before they are divided (<see cref="ScoresOf"/>).
/// </summary>
/// <param name="rolling">Scores documents.</param>
/// <param name="pages">The documents as their file has them.</param>
public sealed class RollingBenchmark(RollingPerplexity rolling, IReadOnlyList<string> pages) : IBenchmarkTask
{
    /// <summary>The task's name.</summary>
    public const string TaskName = "wikitext";

    /// <summary>The protocol's name in lines.</summary>
    public const string Mode = "rolling";

    /// <inheritdoc/>
    public string Name => TaskName;

    /// <inheritdoc/>
    public string Headline => "bits_per_byte";

    /// <inheritdoc/>
    public bool SmallerIsBetter => true;

    /// <summary>Word perplexity.</summary>
    public double? PerplexityOf(IReadOnlyList<ItemLine> lines) => ScoresOf(lines).WordPerplexity;

    /// <inheritdoc/>
    public int Count => pages.Count;

    /// <inheritdoc/>
    public string ItemId(int index) => FormattableString.Invariant($"{index}");

    /// <summary>Refuses methods that compress.</summary>
    /// <exception cref="UsageException">One of them does.</exception>
    public static void RequireDense(IEnumerable<MethodSpec> methods)
    {
        if (methods.FirstOrDefault(method => method.Name != "dense") is { } other)
            throw new UsageException($"method '{other.Typed}': task '{TaskName}' is scored in windows that read no cache, so that dense is its only row; give --methods dense, or leave the task out");
    }

    /// <inheritdoc/>
    /// <exception cref="UsageException">A row other than dense is wanted.</exception>
    public IReadOnlyList<ItemLine> Score(int index, IReadOnlyList<BenchmarkRow> rows, CancellationToken cancel)
    {
        RequireDense(rows.Select(row => row.Method));
        var document = rolling.Score(pages[index], cancel);
        return
        [
            .. rows.Select(row => LineBuilder.Of(this, index, row, default, Mode) with
            {
                Gold = null,
                Loglik = [document.LogLikelihood],
                Score = RollingScores.Bits([(document.LogLikelihood, document.Bytes)]),
                ParityFlags = [rolling.EncoderFlag],
                Further = new Dictionary<string, object> { ["tokens"] = document.Ids.Length, ["words"] = document.Words, ["bytes"] = document.Bytes, ["windows"] = document.Windows.Count },
            }),
        ];
    }

    /// <summary>The three numbers of a row's lines, at least one.</summary>
    /// <exception cref="DataException">A line does not say its words and bytes.</exception>
    public static RollingScores ScoresOf(IReadOnlyList<ItemLine> lines) => RollingScores.Of([.. lines.Select(line => (line.Loglik!.Sum(), Number(line, "words"), Number(line, "bytes")))]);

    /// <summary>A count that a line holds: <c>words</c>, <c>bytes</c> or <c>windows</c>.</summary>
    /// <exception cref="DataException">It does not.</exception>
    public static int Number(ItemLine line, string name) => line.Further?.TryGetValue(name, out var value) != true ? throw Without(line, name) : value switch
    {
        int number => number,
        JsonElement { ValueKind: JsonValueKind.Number } json when json.TryGetInt32(out var number) => number,
        _ => throw Without(line, name),
    };

    private static DataException Without(ItemLine line, string name) => new($"{line.Key} must say the number of its {name}, but it does not; take the line out, and start the command again.");
}
