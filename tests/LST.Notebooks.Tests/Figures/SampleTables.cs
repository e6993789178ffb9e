using LST.Evaluation.Records;
using LST.Evaluation.Reports;
using LST.Evaluation.Statistics;

namespace LST.Notebooks.Tests.Figures;

/// <summary>Perplexity tables: an invented one for snapshots, and the committed records.</summary>
internal static class SampleTables
{
    private static readonly double[] Dense = [900, 1000, 1100, 980];

    public static PerplexityTable Invented { get; } = PerplexityTable.Join([Record()])[0];

    public static IReadOnlyList<PerplexityTable> Committed { get; } =
        PerplexityTable.Join(new RecordStore(Path.Combine(LST.Core.Tests.Shared.RepositoryRoot, "data", "results")).ReadAll<PerplexityRecord>("ppl"));

    private static PerplexityRecord Record()
    {
        var bootstrap = new PairedBootstrap(Dense.Length);
        PerplexityRow[] rows =
        [
            Row("dense", 1, 0), Row("lst", 2, 0.2), Row("lst", 4, 3), Row("h2o", 2, 30), Row("h2o", 4, 60), Row("mean:log-mass=true", 2, 90), Row("mean:log-mass=true", 4, 220), Row("kvzip", 2, 4),
        ];
        return new PerplexityRecord
        {
            Id = "ppl-lst-ref-api-e1-00000000", Created = "2026-01-01T00:00:00Z", Command = "./lst eval ppl", Options = [], Model = new ModelIdentity("lst-ref", "lst-ref.safetensors", "aa", 1), Seed = 0, Dtype = "float32",
            Device = "cpu", Backend = "cpu", Threads = 1, Versions = new RunVersions("0.1.0", "abcdef0123", false, "10", null, null), WallSeconds = 1, PeakMemoryBytes = 1,
            Text = new TextIdentity("api", "bb", 1, "invented"), Protocol = "e1", Prefix = 1024, Suffix = 512, Chunks = Dense.Length, Rows = [.. rows.Select(row => row.WithSummary(bootstrap))],
        };
    }

    private static PerplexityRow Row(string method, double ratio, double more) => new()
    {
        Text = "api", Method = method, Options = [], Ratio = ratio, RatioEffective = ratio, Chunks = Dense.Length, KeptSlotsMean = 1024 / ratio, BytesPerToken = (16416 / ratio) + (method == "lst" ? 60 : 0),
        DenseBytesPerToken = 16416, Parameters = 0, CompressMsPer1kTokens = 1, ChunkNll = [.. Dense.Select((nll, i) => nll + (more * (0.7 + (0.2 * i))))], DenseChunkNll = Dense, ChunkTokens = [512, 512, 512, 512],
    };
}
