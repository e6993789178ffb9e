using LST.Core;
using LST.Core.Compression;
using LST.Evaluation.Perplexity;
using LST.Evaluation.Texts;
using static TorchSharp.torch;

namespace LST.Evaluation.Tests.Perplexity;

/// <summary>Protocol E0: blocks of ids, each a forward pass of its own, against losses computed block by block.</summary>
public class BlockedTextTests(ReferenceModel reference) : IClassFixture<ReferenceModel>
{
    private const int L = 48;

    private static PerplexitySettings Settings => new() { Protocol = "e0", Prefix = L };

    [Fact]
    public void Rows_of_wikitext_are_lines_or_nothing_and_are_joined_by_an_empty_line()
    {
        // Rows: nothing, title, nothing, nothing, text; two newlines between any two.
        Assert.Equal("\n\n = Title = \n\n\n\n\n\n\n Some text . \n", BlockedText.Join(ReferenceModel.Text(" \n = Title = \n \n\n Some text . \n", "wikitext2")));
        Assert.Equal("a\n\n\n\n\nb\n", BlockedText.Join(ReferenceModel.Text("a\n\nb", "wikitext2")));
        Assert.Equal(" \n = Title = \n", BlockedText.Join(ReferenceModel.Text(" \n = Title = \n", "other")));
    }

    [Fact]
    public void Wikitext_has_the_rows_that_the_field_counts()
    {
        Shared.Require("data/wikitext-2/wiki.test.raw");
        var text = ReferenceModel.Load("wikitext2");
        var lines = text.Content.Split('\n')[..^1];

        Assert.Equal(4358, lines.Length);
        // Joined by hand: two characters between rows; a row that is not blank has its own newline.
        Assert.Equal(lines.Sum(line => line.Trim().Length == 0 ? 0 : line.Length + 1) + (2 * 4357), BlockedText.Join(text).Length);
    }

    [Theory]
    [InlineData("synthetic")]
    [InlineData("wikitext2")]
    public void One_BOS_then_blocks_whose_first_id_is_not_scored_and_no_tail(string name)
    {
        var text = ReferenceModel.Text(ReferenceModel.Api.Content[..1200].Replace(". ", ".\n", StringComparison.Ordinal) + "\n", name);
        var joined = name == "wikitext2" ? string.Join("\n\n", text.Content.Split('\n')[..^1].Select(line => line.Trim().Length == 0 ? "" : line + "\n")) : text.Content;
        long[] ids = [0, .. reference.Ids(joined)];
        var blocks = ids.Length / L;
        var expected = Enumerable.Range(0, blocks).Select(b => reference.Losses(ids[(b * L)..((b + 1) * L)])).ToList();

        var record = reference.Run(text, Settings);

        Assert.True(blocks >= 4 && ids.Length % L > 0);
        var row = Assert.Single(record.Rows);
        Assert.Equal((blocks, L, (int?)null), (record.Chunks, record.Prefix!.Value, record.Suffix));
        Assert.All(row.ChunkTokens, tokens => Assert.Equal(L - 1, tokens));
        foreach (var (losses, nll) in expected.Zip(row.ChunkNll)) Assert.Equal(losses.Sum(), nll, 1e-3);
        Assert.Equal(Math.Exp(expected.SelectMany(losses => losses).Average()), row.Ppl, 1e-3);
        Assert.Equal([0, L - 1], record.OffsetBinEdges);
    }

    [Fact]
    public void Offset_bins_start_at_the_first_scored_id()
    {
        var record = reference.Run(ReferenceModel.Prose, Settings with { Prefix = 300, Chunks = 2 });
        long[] ids = [0, .. reference.Ids(ReferenceModel.Prose.Content)];
        var losses = Enumerable.Range(0, 2).Select(b => reference.Losses(ids[(b * 300)..((b + 1) * 300)])).ToList();

        Assert.Equal([0, 64, 256, 299], record.OffsetBinEdges);
        foreach (var (bin, edges) in new[] { (0, 64), (64, 256), (256, 299) }.Index())
            Assert.Equal(losses.SelectMany(block => block[edges.Item1..edges.Item2]).Average(), record.Rows[0].NllByOffset[bin], 1e-4);
    }

    /// <summary>
    /// The model's README: 65.5, 41.7, 4.52. Its chunks are the text as it is, each BOS and the next 2,047 ids; E0 joins the rows of wikitext2 by empty lines
    /// and has one BOS, and is 3.5 % above it there.
    /// </summary>
    [Theory]
    [Trait("Category", "slow")]
    [InlineData("wikitext2", 65.5, 67.78)]
    [InlineData("wiki-dev", 41.7, 41.40)]
    [InlineData("api", 4.52, 4.46)]
    public void The_reference_model_has_the_perplexities_of_its_README(string name, double readme, double blocked)
    {
        if (name != "api") Shared.Require("data/wikitext-2/wiki.test.raw");
        var text = ReferenceModel.Load(name);
        var ids = reference.Ids(text.Content);

        var losses = Enumerable.Range(0, 12).SelectMany(c => reference.Losses([0, .. ids[(c * 2047)..((c + 1) * 2047)]]));
        var record = reference.Run(text, Settings with { Prefix = 2048, Chunks = 12 });

        Assert.Equal(readme, Math.Exp(losses.Average()), readme * 0.002);
        Assert.Equal(blocked, record.Rows[0].Ppl, blocked * 0.002);
    }

    [Fact]
    [Trait("Category", "slow")]
    public void SmolLM2_has_the_perplexity_of_its_manifest()
    {
        Shared.Require("data/wikitext-2/wiki.test.raw");
        using var loaded = LoadedModel.Open(Shared.Require("data/models/SmolLM2-135M-Instruct.Q4_1.gguf"), bfloat16, cancel: TestContext.Current.CancellationToken);
        var text = ReferenceModel.Load("wikitext2");
        PerplexitySettings five = new() { Protocol = "e0", Chunks = 5 };

        var joined = new PerplexityRun(loaded, five).Run(text, "e0", cancel: TestContext.Current.CancellationToken);
        var plain = new PerplexityRun(loaded, five).Run(text with { Name = "as it is" }, "e0", cancel: TestContext.Current.CancellationToken);

        TestContext.Current.TestOutputHelper?.WriteLine($"rows joined {joined.Rows[0].Ppl:0.000}, as it is {plain.Rows[0].Ppl:0.000}");
        Assert.Equal((2048, 5), (joined.Prefix, joined.Chunks));
        Assert.Equal(23.8, plain.Rows[0].Ppl, 23.8 * 0.02);
    }
}
