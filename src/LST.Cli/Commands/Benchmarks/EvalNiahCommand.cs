using System.ComponentModel;
using System.Text.Json.Nodes;
using LST.Core;
using LST.Evaluation;
using LST.Evaluation.Benchmarks;
using LST.Evaluation.Benchmarks.Ruler;
using LST.Evaluation.Benchmarks.Ruler.Grid;
using LST.Evaluation.Benchmarks.Runs;
using Spectre.Console.Cli;

namespace LST.Cli.Commands.Benchmarks;

/// <summary><c>./lst eval niah</c>.</summary>
public sealed class EvalNiahCommand : BenchmarkCommand<EvalNiahCommand.Flags>
{
    /// <summary>Its flags.</summary>
    public sealed class Flags : BenchmarkCommandSettings
    {
        /// <summary>Lengths.</summary>
        [CommandOption("--lengths <LIST>"), DefaultValue("512,1024"), Description("Tokens of a cell, several by commas.")]
        public string Lengths { get; init; } = "512,1024";

        /// <summary>Depths.</summary>
        [CommandOption("--depths <LIST>"), Description("Percent of the text before the needle, several by commas (default: the ten of the papers, 0 to 100).")]
        public string? Depths { get; init; }
    }

    /// <inheritdoc/>
    protected override string Benchmark => "niah";

    /// <inheritdoc/>
    protected override IBenchmarkPlan Plan(Flags settings) => new NeedlePlan(
        [.. settings.Lengths.Split(',').Select(length => Numbers.Positive("--lengths", length.Trim())!.Value).Distinct().Order()],
        settings.Depths is null ? NeedleGridMaker.Depths : [.. settings.Depths.Split(',').Select(depth => (int)Numbers.Whole("--depths", depth.Trim(), 0)).Distinct().Order()]);

    private sealed class NeedlePlan(IReadOnlyList<int> lengths, IReadOnlyList<int> depths) : IBenchmarkPlan
    {
        public JsonObject SettingsObject => [];

        public JsonObject Choices => new() { ["lengths"] = new JsonArray([.. lengths.Select(length => (JsonNode?)length)]), ["depths"] = new JsonArray([.. depths.Select(depth => (JsonNode?)depth)]) };

        public IReadOnlyDictionary<string, string> Data { get; private set; } = new Dictionary<string, string>();

        public IReadOnlyList<string> Notes => [];

        public IReadOnlyList<IBenchmarkTask> Load(LoadedModel loaded, CompressedContexts contexts, CompressionMode mode, int? limit, CancellationToken cancel)
        {
            var haystack = RulerData.FromEnvironment().Essays;
            Data = new Dictionary<string, string> { ["haystack"] = haystack.Sha256 };
            if (lengths.FirstOrDefault(length => length > loaded.Model.Config.MaxPositions) is > 0 and var tooLong)
                throw new UsageException($"--lengths {tooLong}: model '{loaded.Identity.Name}' was trained on {loaded.Model.Config.MaxPositions} positions; give shorter lengths");
            return [new NeedleBenchmark(loaded, contexts, [.. new NeedleGridMaker(loaded.Tokenizer, haystack.Content).Grid(lengths, depths)], mode, [$"haystack={haystack.Name}"])];
        }
    }
}
