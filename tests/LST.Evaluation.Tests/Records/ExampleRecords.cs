using System.Text.Json.Nodes;
using LST.Evaluation.Records;
using LST.Evaluation.Statistics;
using LST.Evaluation.Training;

namespace LST.Evaluation.Tests.Records;

/// <summary>Small records of both kinds, as runs write them.</summary>
internal static class ExampleRecords
{
    public static readonly double[] Dense = [900.25, 1000.125, 1100.5];

    /// <summary>Dense, h2o and lst at 2:1 on three chunks.</summary>
    public static PerplexityRecord Perplexity() => Perplexity(Row("dense", 1, Dense), Row("h2o", 2, [930, 1040, 1150]), Row("lst", 2, [901, 1002, 1101]));

    /// <summary>A record of these rows, the first of which says how many chunks there are.</summary>
    public static PerplexityRecord Perplexity(params PerplexityRow[] rows) => new()
    {
        Created = "2026-05-01T12:00:00Z",
        Command = "./lst eval ppl --methods dense,h2o,lst --ratios 2",
        Options = new JsonObject { ["equal"] = "slots", ["ratios"] = new JsonArray(2) },
        Model = Model,
        Seed = 0,
        Dtype = "float32",
        Device = "cpu",
        Backend = "cpu",
        Threads = 2,
        Versions = Versions,
        WallSeconds = 12.5,
        PeakMemoryBytes = 1 << 30,
        Text = new TextIdentity("api", new string('b', 64), 325_027, "a package"),
        Protocol = "e1",
        Prefix = 1024,
        Suffix = 512,
        Chunks = rows[0].Chunks,
        Rows = rows,
    };

    /// <summary>Two points on two texts; the second is the best.</summary>
    public static TrainingRecord Training() => new()
    {
        Created = "2026-05-02T12:00:00Z",
        Command = "./lst train --window-size 2",
        Options = new JsonObject { ["prefix"] = 1024 },
        Model = Model,
        Seed = 7,
        Dtype = "float32",
        Device = "cpu",
        Backend = "cpu",
        Threads = 2,
        Versions = Versions,
        WallSeconds = 600,
        PeakMemoryBytes = 1 << 30,
        Preset = "lst",
        Ratios = [2],
        Sidecar = [],
        Parameters = 75_392,
        Data = "aa",
        Steps = 100,
        StepSeconds = 500,
        Development =
        [
            new DevelopmentPoint(0, new Dictionary<string, double> { ["wiki-dev"] = 1.1, ["api-dev"] = 1.2 }, 0.25, IsCandidate: false),
            new DevelopmentPoint(100, new Dictionary<string, double> { ["wiki-dev"] = 1, ["api-dev"] = 1.21 }, null, QueryError: 0.375),
        ],
        BestStep = 100,
        BestSha256 = "cc",
        FinalSha256 = "cc",
    };

    /// <summary>A row of 512 tokens a chunk.</summary>
    /// <param name="method">The method as typed.</param>
    /// <param name="ratio">r.</param>
    /// <param name="nll">Summed loss of each chunk.</param>
    /// <param name="options">Its options; null: none.</param>
    /// <param name="dense">The losses of the dense cache; null: those of <paramref name="nll"/> in the dense row, else the first of <see cref="Dense"/>.</param>
    public static PerplexityRow Row(string method, double ratio, double[] nll, JsonObject? options = null, double[]? dense = null) => new PerplexityRow
    {
        Text = "api",
        Method = method,
        Options = options ?? [],
        Ratio = ratio,
        RatioEffective = ratio,
        Chunks = nll.Length,
        KeptSlotsMean = 1023 / ratio,
        BytesPerToken = 16_384 / ratio,
        DenseBytesPerToken = 16_384,
        Parameters = 0,
        CompressMsPer1kTokens = 3.25,
        ChunkNll = nll,
        DenseChunkNll = dense ?? (method == "dense" ? nll : Dense[..nll.Length]),
        ChunkTokens = [.. nll.Select(_ => 512)],
    }.WithSummary(new PairedBootstrap(nll.Length, 0, 100));

    private static ModelIdentity Model => new("lst-ref", "model.safetensors", new string('a', 64), 8_524_032);

    private static RunVersions Versions => new("0.1.0", "0123456789abcdef", false, ".NET 10", "2.10", "0.107.0");
}
