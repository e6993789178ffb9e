using LST.Evaluation.Records;
using LST.Evaluation.Reports;
using LST.Evaluation.Statistics;

namespace LST.Notebooks.Tests.Figures;

/// <summary>Perplexity tables: an invented one for snapshots, and the committed records.</summary>
internal static class SampleTables
{
    private static readonly double[] Dense = [900, 1000, 1100, 980];

    public static PerplexityTable Invented { get; } = Of("lst-ref",
        ("lst", 2, Loses(0.2)), ("lst", 4, Loses(3)), ("h2o", 2, Loses(30)), ("h2o", 4, Loses(60)), ("mean:log-mass=true", 2, Loses(90)), ("mean:log-mass=true", 4, Loses(220)), ("kvzip", 2, Loses(4)));

    /// <summary>Of protocol E1, for each model and text the table of most methods.</summary>
    public static IReadOnlyList<PerplexityTable> Committed { get; } =
    [
        .. new RecordStore(Path.Combine(LST.Core.Tests.Shared.RepositoryRoot, "data", "results")).ReadAll<PerplexityRecord>("ppl")
            .Where(record => record.Protocol == "e1").GroupBy(record => record.Model.Name).SelectMany(WidestTable.OfEachText),
    ];

    /// <summary>A table of a model: dense, and the rows.</summary>
    /// <param name="model">Its name, and what tells its weights from those of another.</param>
    /// <param name="rows">Method, ratio, and what it loses against dense in each of four chunks, nats.</param>
    public static PerplexityTable Of(string model, params (string Method, double Ratio, double[] Loses)[] rows) =>
        PerplexityTable.Join([Record(model, [Row("dense", 1, [0, 0, 0, 0]), .. rows.Select(row => Row(row.Method, row.Ratio, row.Loses))])])[0];

    private static PerplexityRecord Record(string model, PerplexityRow[] rows)
    {
        var bootstrap = new PairedBootstrap(Dense.Length);
        return new PerplexityRecord
        {
            Id = $"ppl-{model}-api-e1-00000000", Created = "2026-01-01T00:00:00Z", Command = "./lst eval ppl", Options = [], Model = new ModelIdentity(model, $"{model}.safetensors", model, 1), Seed = 0, Dtype = "float32",
            Device = "cpu", Backend = "cpu", Threads = 1, Versions = new RunVersions("0.1.0", "abcdef0123", false, "10", null, null), WallSeconds = 1, PeakMemoryBytes = 1,
            Text = new TextIdentity("api", "bb", 1, "invented"), Protocol = "e1", Prefix = 1024, Suffix = 512, Chunks = Dense.Length, Rows = [.. rows.Select(row => row.WithSummary(bootstrap))],
        };
    }

    private static double[] Loses(double more) => [.. Dense.Select((_, i) => more * (0.7 + (0.2 * i)))];

    private static PerplexityRow Row(string method, double ratio, double[] loses) => new()
    {
        Text = "api", Method = method, Options = [], Ratio = ratio, RatioEffective = ratio, Chunks = Dense.Length, KeptSlotsMean = 1024 / ratio, BytesPerToken = (16416 / ratio) + (method == "lst" ? 60 : 0),
        DenseBytesPerToken = 16416, Parameters = 0, CompressMsPer1kTokens = 1, ChunkNll = [.. Dense.Select((nll, i) => nll + loses[i])], DenseChunkNll = Dense, ChunkTokens = [512, 512, 512, 512],
    };
}
