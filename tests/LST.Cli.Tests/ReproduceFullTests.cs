using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using LST.Core.Tests;

namespace LST.Cli.Tests;

/// <summary><c>./lst reproduce --full</c> to its end, in a small checkout with one record of a minute.</summary>
public sealed partial class ReproduceFullTests : IDisposable
{
    private readonly SmallProject project = new();

    [Fact]
    [Trait("Category", "slow")]
    public async Task Every_record_that_a_notebook_reads_is_measured_again_once_and_set_beside_it()
    {
        Directory.CreateDirectory(project.At("data"));
        foreach (var folder in new[] { "models", "sidecars" }) Directory.CreateSymbolicLink(project.At("data/" + folder), Path.Combine(Shared.RepositoryRoot, "data", folder));
        var measured = await project.Run("eval", "ppl", "--text", "api", "--chunks", "2", "--prefix", "128", "--suffix", "32", "--methods", "dense,mean", "--ratios", "2");
        Assert.True(measured.ExitCode == 0, measured.Error);
        var id = RecordId().Match(measured.Output).Groups[1].Value;
        project.AddNotebook("00-table", $"display(LST.Notebooks.Open.Perplexity(\"{id}\")[0]);");

        var first = await project.Run("reproduce", "--full");
        var second = await project.Run("reproduce", "--full");

        Assert.True(first.ExitCode == 0, first.Error);
        Assert.Contains("measuring 1 record again", first.Error);
        var again = Assert.Single(Directory.GetFiles(project.At("out/reproduce/results/ppl")), file => Path.GetFileName(file).StartsWith("ppl-lst-ref-api-e1-", StringComparison.Ordinal) && Chunks(file) == 2);
        Assert.Equal(Ppl(project.At($"data/results/ppl/{id}.json")), Ppl(again), 1e-6);
        // mean at 2:1, here and as recorded.
        Assert.Matches($@"mean +2 +\d\.\d{{4}} +\d\.\d{{4}} +2 +{Regex.Escape(id)}", first.Output);
        Assert.Contains("2 made, 0 as they were", first.Output);
        Assert.True(second.ExitCode == 0, second.Error);
        Assert.Contains("0 made, 2 as they were", second.Output);
        Assert.DoesNotContain("chunks,", second.Error);
    }

    public void Dispose() => project.Dispose();

    private static int Chunks(string file) => JsonNode.Parse(File.ReadAllText(file))!["chunks"]!.GetValue<int>();

    private static double Ppl(string file) => JsonNode.Parse(File.ReadAllText(file))!["rows"]![1]!["ppl"]!.GetValue<double>();

    [GeneratedRegex(@"record (ppl-\S+),")]
    private static partial Regex RecordId();
}
