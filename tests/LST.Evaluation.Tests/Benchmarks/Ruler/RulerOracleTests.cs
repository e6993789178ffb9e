using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using LST.Core;
using LST.Evaluation.Benchmarks.Ruler;
using LST.Evaluation.PythonText;
using LST.Evaluation.Texts;

namespace LST.Evaluation.Tests.Benchmarks.Ruler;

/// <summary>
/// Samples at other seeds and at lengths where RULER takes its long steps. Expected are those of a second implementation, <c>Expected/ruler.py</c>, written from the description alone and checked against all committed
/// samples of RULER itself; in it and here a text has (code points + 3) / 4 tokens.
/// </summary>
public class RulerOracleTests
{
    private static readonly string Expected = Path.Combine(Shared.RepositoryRoot, "tests", "LST.Evaluation.Tests", "Benchmarks", "Ruler", "Expected", "ruler-samples.tsv");

    public static TheoryData<string> Tasks => [.. RulerTasks.All.Where(task => task.Kind != RulerKind.QuestionAnswering).Select(task => task.Name)];

    [Theory]
    [MemberData(nameof(Tasks))]
    public void Samples_are_those_of_a_second_implementation(string name)
    {
        Shared.Require("data/haystack");
        var data = RulerData.FromFolders([new DataFolder("shared", Shared.Require("data"))]);
        var sequences = File.ReadLines(Expected).Select(line => line.Split('\t')).Where(fields => fields[0] == name).GroupBy(fields => (Variant: fields[1], Length: Whole(fields[2]), Seed: (uint)Whole(fields[3]))).ToList();

        Assert.NotEmpty(sequences);
        foreach (var sequence in sequences)
        {
            var settings = new RulerSettings(RulerTasks.Find(name), sequence.Key.Length, sequence.Key.Seed, RulerVariants.Find(sequence.Key.Variant));
            var samples = RulerSequence.Samples(settings, Tokens, data, TestContext.Current.CancellationToken).Take(sequence.Count()).ToList();

            Assert.Equal(sequence.Select(fields => $"{sequence.Key} {fields[4]}: {fields[5]} {fields[6]} {fields[7]}"),
                samples.Select(sample => $"{sequence.Key} {sample.Index}: {sample.Size} {sample.Length} {Digest(sample.Text)}"));
        }
    }

    [Fact]
    public void What_can_never_be_made_there_cannot_be_made_here()
    {
        var data = RulerData.FromFolders([new DataFolder("shared", Shared.Require("data"))]);

        foreach (var seed in new uint[] { 42, 7, 123456 })
            Assert.Throws<DataException>(() => RulerSequence.Samples(new RulerSettings(RulerTasks.Find("niah_multiquery"), 1000, seed), Tokens, data, TestContext.Current.CancellationToken).First());
    }

    private static int Tokens(string text) => (PyText.Length(text) + 3) / 4;

    private static string Digest(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..16];

    private static int Whole(string text) => int.Parse(text, CultureInfo.InvariantCulture);
}
