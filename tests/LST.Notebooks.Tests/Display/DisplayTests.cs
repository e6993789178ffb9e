using LST.Core.Caching;
using LST.Core.Compression;
using LST.Evaluation;
using LST.Evaluation.Records;
using LST.Notebooks.Display;
using LST.Notebooks.Tests.Runner;
using Microsoft.Data.Analysis;
using Microsoft.DotNet.Interactive.Formatting;
using TorchSharp;
using static TorchSharp.torch;

namespace LST.Notebooks.Tests.Display;

public class DisplayTests
{
    public DisplayTests() => Workbench.Load();

    [Fact]
    public void A_data_frame_is_a_table_with_numbers_at_the_right()
    {
        var frame = new DataFrame(new StringDataFrameColumn("token", ["<script>alert(1)</script>", "line\nbreak", null]), new DoubleDataFrameColumn("ppl", [1.0, 10.25, null]));

        Assert.Equal(["text/html", "text/plain"], Formatter.GetPreferredMimeTypesFor(typeof(DataFrame)));
        var html = frame.ToDisplayString("text/html");
        Assert.Contains("<td style=\"text-align:left\">&lt;script&gt;alert(1)&lt;/script&gt;</td><td style=\"text-align:right\">1</td>", html);
        Assert.DoesNotContain("<script", html);
        Assert.Equal("token                        ppl\n<script>alert(1)</script>      1\nline␊break                 10.25", frame.ToDisplayString("text/plain"));
    }

    [Fact]
    public void A_long_data_frame_shows_fifty_rows_and_says_so()
    {
        var frame = new DataFrame(new Int32DataFrameColumn("i", Enumerable.Range(0, 1234)));

        var text = frame.ToDisplayString("text/plain");

        Assert.Equal(52, text.Split('\n').Length);
        Assert.EndsWith("50 of 1,234 rows are shown", text);
    }

    [Theory]
    [InlineData(ScalarType.Float32, "float32")]
    [InlineData(ScalarType.BFloat16, "bfloat16")]
    [InlineData(ScalarType.Int64, "int64")]
    public void A_tensor_is_a_sentence(ScalarType dtype, string name)
    {
        using var scope = NewDisposeScope();
        var tensor = arange(12).to(dtype).reshape(3, 4);

        Assert.Equal($"Tensor [3, 4] {name} on cpu: min 0, mean 5.5, max 11, 0 NaN; first 0, 1, 2, 3", tensor.ToDisplayString("text/plain"));
    }

    [Fact]
    public void Tensors_without_numbers_have_a_sentence_too()
    {
        using var scope = NewDisposeScope();
        var gone = ones(1);
        gone.Dispose();

        Assert.Equal("Tensor [2] float32 on cpu: min 1, mean 1, max 1, 1 NaN; first NaN, 1", tensor(new[] { float.NaN, 1f }).ToDisplayString("text/plain"));
        Assert.Equal("Tensor [1] float32 on cpu: all 1 values are NaN; first NaN", tensor(new[] { float.NaN }).ToDisplayString("text/plain"));
        Assert.Equal("Tensor [0, 3] float32 on cpu", zeros(0, 3).ToDisplayString("text/plain"));
        Assert.Equal("Tensor [2] bool on cpu: 1 of 2 true; first 1, 0", tensor(new[] { true, false }).ToDisplayString("text/plain"));
        Assert.StartsWith("Tensor [] float32 on cpu: min 3", tensor(3f).ToDisplayString("text/plain"));
        Assert.Equal("Tensor, disposed", gone.ToDisplayString("text/plain"));
    }

    [Fact]
    public void Showing_a_tensor_leaves_no_tensor_behind()
    {
        using var scope = NewDisposeScope();
        var tensor = ones(3, 4);
        var before = Tensor.TotalCount;

        _ = tensor.ToDisplayString("text/html");

        Assert.Equal(before, Tensor.TotalCount);
    }

    [Fact]
    public void A_compressed_layer_shows_slots_bytes_and_ratio_of_every_head()
    {
        using var scope = NewDisposeScope();
        using var layer = new CompressedLayer(1, 2, zeros(5, 4).DetachFromDisposeScope(), zeros(5, 4).DetachFromDisposeScope(), [0, 2, 5], [3, 7, 1, 2, 8]);

        var text = layer.ToDisplayString("text/plain");

        Assert.StartsWith($"Compressed layer: 5 slots, {layer.Bytes} B\n", text);
        Assert.Matches(@"\n +0 +0 +2 +8 +64 B +4\.00\n +0 +1 +3 +9 +96 B +3\.00\n", text);
    }

    [Fact]
    public void A_compressed_prompt_shows_slots_of_every_layer()
    {
        using var loaded = LoadedModel.Open("lst-ref", ScalarType.Float32, cancel: TestContext.Current.CancellationToken);
        var ids = loaded.Encode("Once upon a time there was a little girl who lived in a small house near the wood.").Select(id => (long)id).Prepend(loaded.BosId).ToArray();
        using var prompts = PromptCompression.Run(loaded.Model, ids, [new CompressionJob(MethodSpec.Parse("streaming").Create(), Ratio.Of(2))], loaded.Tokenizer, TestContext.Current.CancellationToken);

        var text = prompts.Jobs[0].ToDisplayString("text/plain");
        var model = loaded.ToDisplayString("text/plain");

        Assert.Contains($"{loaded.Model.Config.Layers} layers, batch 1, {ids.Length} tokens seen", text);
        Assert.Contains("tokens / slots", text);
        Assert.Equal(loaded.Model.Config.Layers + 3, text.Split('\n').Length);
        Assert.StartsWith("Model lst-ref\n", model);
        Assert.Contains(" for queries, ", loaded.Model.ToDisplayString("text/plain"));
        Assert.Contains("tokens seen", prompts.Dense.ToDisplayString("text/html"));
    }

    [Fact]
    public void Records_show_their_rows()
    {
        var record = RecordStore.Read<PerplexityRecord>(Directory.GetFiles(Path.Combine(LST.Core.Tests.Shared.RepositoryRoot, "data", "results", "ppl"), "*.json").Order(StringComparer.Ordinal).First());

        var text = record.ToDisplayString("text/plain");

        Assert.StartsWith($"Record {record.Id}: ", text);
        Assert.Contains("ppl / dense", text);
        Assert.Contains("\ndense ", text);
        Assert.StartsWith("<div><p><b>Record ", record.ToDisplayString("text/html"));
    }

    [Fact]
    public void Arrays_are_shown_whole_when_short_and_as_a_summary_when_long()
    {
        Assert.Equal("int[3]: 1, 2, 3", new[] { 1, 2, 3 }.ToDisplayString("text/plain"));
        Assert.Equal("float[100]: min 0, mean 1, max 1, 1 NaN; first NaN, 0, 1, 1, 1, 1, 1, 1, …".Replace("mean 1,", "mean 0.989899,"),
            Enumerable.Range(0, 100).Select(i => i == 0 ? float.NaN : i == 1 ? 0f : 1f).ToArray().ToDisplayString("text/plain"));
        Assert.Equal("double[2, 2]: 1, 2, 3, 4", new double[,] { { 1, 2 }, { 3, 4 } }.ToDisplayString("text/plain"));
    }

    [Fact]
    public void Hidden_characters_become_visible()
    {
        Assert.Equal("a␊␛[31m␡", Visible.Text("a\n\u001b[31m\u007f"));
        Assert.Equal("\\u202eabc", Visible.Text("\u202eabc"));
        Assert.Equal("&lt;b title=&quot;&#39;&amp;", Visible.Html("<b title=\"'&"));
    }

    [Fact]
    public async Task A_figure_is_data_and_picture_in_a_file_and_a_page_when_live()
    {
        Displays.ShowBundle<Drawing>(["application/vnd.plotly.v1+json", "image/png", "text/plain"], ["text/html"], (_, mimeType) => mimeType.EndsWith("json", StringComparison.Ordinal) ? "{\"data\":[]}" : mimeType);

        var run = await Invented.Succeed(Invented.Of($"#r \"{typeof(DisplayTests).Assembly.Location}\"", "new LST.Notebooks.Tests.Display.Drawing()"));

        Assert.Equal(["application/vnd.plotly.v1+json", "image/png", "text/plain"], run.Outputs("c2")[0]!["data"]!.AsObject().Select(entry => entry.Key));
    }

    [Fact]
    public void Progress_outside_of_a_notebook_says_nothing()
    {
        var progress = new LST.Notebooks.Display.Progress();

        progress.Begin("work", 2);
        progress.Advance(2);
        progress.Note("done");
    }
}

/// <summary>Stands for a figure.</summary>
public sealed class Drawing;
