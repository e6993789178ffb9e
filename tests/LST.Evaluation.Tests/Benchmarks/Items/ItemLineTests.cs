using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using LST.Core;
using LST.Evaluation.Benchmarks.Items;

namespace LST.Evaluation.Tests.Benchmarks.Items;

public class ItemLineTests
{
    private static readonly ItemLine Example = ExampleLines.Line(3, new ItemRow("snapkv", 2));

    [Fact]
    public void Has_the_fields_that_every_line_must_have()
    {
        var line = JsonNode.Parse(ItemText.Format(Example))!.AsObject();

        string[] must = ["task", "item_id", "method", "options", "ratio_requested", "ratio_effective", "mode", "tokens_ctx", "kv_entries_full", "kv_entries_kept", "cache_bytes_full", "cache_bytes_kept", "prediction", "gold", "score", "parity_flags"];
        Assert.Empty(must.Except(line.Select(member => member.Key)));
        Assert.DoesNotContain(line, member => member.Value is null);
    }

    [Fact]
    public void Whole_numbers_have_no_fraction_and_others_do()
    {
        var text = Text(Example with { RatioRequested = 2, Score = 1 });

        Assert.Contains("\"ratio_requested\":2,", text, StringComparison.Ordinal);
        Assert.Contains("\"score\":1,", text, StringComparison.Ordinal);
        Assert.Contains("\"ratio_requested\":1.5,", Text(Example with { RatioRequested = 1.5 }), StringComparison.Ordinal);
    }

    [Fact]
    public void Is_one_line_whatever_is_predicted()
    {
        var bytes = ItemText.Format(Example with { Prediction = "a\nb\r\n\u2028" });

        Assert.Equal(bytes.Length - 1, Array.IndexOf(bytes, (byte)'\n'));
    }

    [Fact]
    public void Read_and_written_again_it_is_the_same_with_further_fields_and_without()
    {
        ItemLine[] lines =
        [
            Example,
            Example with { Prediction = null, Loglik = [-1.5, -1.0 / 3, -20], Scores = new Dictionary<string, double> { ["acc"] = 1, ["acc_norm"] = 0 }, Gold = 2, Compressed = false, Length = 4096, Variant = "essay_step_25", Depth = 50.5 },
            Example with { Gold = null, Further = new Dictionary<string, object> { ["greedy"] = true, ["note"] = new JsonObject { ["x"] = 1.5 }, ["whole"] = 2.0 } },
        ];

        Assert.All(lines, line =>
        {
            var bytes = ItemText.Format(line);
            Assert.Equal(bytes, ItemText.Format(ItemText.Parse(bytes.AsSpan(0, bytes.Length - 1), "here")));
        });
    }

    [Fact]
    public void The_ratio_in_effect_is_what_was_kept()
    {
        Assert.Equal(1003 / 501.0, Example.RatioEffective);
        Assert.Equal(1, (Example with { KvEntriesFull = 0, KvEntriesKept = 0 }).RatioEffective);
        Assert.Contains("ratio_effective", Refusal(Text(Example).Replace("\"kv_entries_kept\":501", "\"kv_entries_kept\":500", StringComparison.Ordinal)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{}", "missing required")]
    [InlineData("null", "null")]
    [InlineData("[1]", "JSON")]
    [InlineData("{\"task\":", "JSON")]
    public void What_is_no_line_is_refused_with_its_place(string text, string reason)
    {
        var refusal = Refusal(text);

        Assert.StartsWith("f.jsonl, line 7, must be a line of a scored item", refusal, StringComparison.Ordinal);
        Assert.Contains(reason, refusal, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void A_field_that_stands_there_twice_is_refused() =>
        Assert.Contains("score", Refusal(Text(Example).Replace("\"score\"", "\"score\":0,\"score\"", StringComparison.Ordinal)), StringComparison.Ordinal);

    [Fact]
    public void Numbers_that_are_not_finite_and_names_that_name_no_file_are_not_written()
    {
        ItemLine[] wrong =
        [
            Example with { Score = double.NaN }, Example with { Loglik = [double.NegativeInfinity] }, Example with { Scores = new Dictionary<string, double> { ["acc"] = double.NaN } },
            Example with { Task = "a/b" }, Example with { Task = "a.b" }, Example with { ItemId = "" }, Example with { Prediction = null }, Example with { KvEntriesKept = 0 },
            Example with { RatioRequested = 0 }, Example with { ItemIndex = -1 }, Example with { Depth = double.NaN },
            Example with { Further = new Dictionary<string, object> { ["x"] = double.NaN } }, Example with { Further = new Dictionary<string, object> { ["score"] = 1 } },
        ];

        Assert.All(wrong, line => Assert.Contains("is not written because", Assert.Throws<DataException>(() => ItemText.Format(line)).Message, StringComparison.Ordinal));
    }

    [Fact]
    public void A_line_tells_by_its_entries_whether_it_was_compressed_unless_it_says_so()
    {
        Assert.True(Example.IsCompressed);
        Assert.False((Example with { KvEntriesKept = Example.KvEntriesFull }).IsCompressed);
        Assert.False((Example with { Compressed = false }).IsCompressed);
    }

    private static string Text(ItemLine line) => Encoding.UTF8.GetString(ItemText.Format(line)).TrimEnd('\n');

    private static string Refusal(string text) => Assert.Throws<DataException>(() => ItemText.Parse(Encoding.UTF8.GetBytes(text), "f.jsonl, line 7,")).Message;
}
