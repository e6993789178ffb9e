using CsCheck;
using LST.Core;
using LST.Core.Compression;
using LST.Evaluation.Perplexity;
using LST.Evaluation.Perplexity.DocumentCompatible;
using static TorchSharp.torch;

namespace LST.Evaluation.Tests.Perplexity.DocumentCompatible;

/// <summary>Each printed form against its steps written out; what they share with methods of the field, and what keeps them apart.</summary>
public class AsPrintedTests(ReferenceModel reference) : IClassFixture<ReferenceModel>
{
    private static readonly Gen<(int, int, int, int, int, int)> Shapes = Gen.Select(Gen.Int[1, 3], Gen.Int[14, 60], Gen.Int[1, 8], Gen.Int[0, 9999], Gen.Int[0, 100], Gen.Int[1, 10]);

    [Theory]
    [InlineData("h2o")]
    [InlineData("tova")]
    [InlineData("cam")]
    [InlineData("weightedkv")]
    public void The_largest_joined_keys_stay_and_values_are_those_written_out_in_double(string name) => Sample((layer, slots) =>
    {
        var (kept, gap) = NaivePrinted.Kept(layer, slots);
        if (gap < 1e-5) return;
        using var compressor = Printed(name).Create();

        using var made = layer.Compress(compressor, slots);

        for (var h = 0; h < layer.Config.KeyValueHeads; h++)
        {
            Assert.Equal(kept, made.Positions.Slice(made.Offsets[h], made.Length(0, h)).ToArray());
            Near(kept.Select(token => layer.Keys[h][token]), PlainLayer.Slots(made, made.Keys, h));
            var values = name switch { "cam" => NaivePrinted.Spread(layer, h, kept), "weightedkv" => NaivePrinted.Overwritten(layer, h, kept), _ => [.. kept.Select(token => layer.Values[h][token])] };
            Near(values, PlainLayer.Slots(made, made.Values, h));
        }
    });

    [Fact]
    public void Runs_of_alike_keys_are_merged_and_forced_to_the_budget_by_truncation_or_zeros()
    {
        var (cut, padded) = (0, 0);
        Sample((layer, slots) =>
        {
            var (expected, gap) = NaivePrinted.Merged(layer, slots);
            if (gap < 1e-5) return;
            using var compressor = Printed("kvmerger").Create();

            using var made = layer.Compress(compressor, slots);

            Assert.Equal(slots, made.Length(0, 0));
            if (expected.Contains(null)) padded++;
            else if (expected.Sum(slot => slot!.Value.Tokens.Length) < layer.Context.Tokens) cut++;
            for (var h = 0; h < layer.Config.KeyValueHeads; h++)
            {
                IEnumerable<double[]> Rows(double[][] rows) => expected.Select(slot => slot is not var (tokens, weights) ? new double[rows[0].Length]
                    : (double[])[.. Enumerable.Range(0, rows[0].Length).Select(d => tokens.Zip(weights, (token, weight) => weight * rows[token][d]).Sum())]);
                Near(Rows(layer.Keys[h]), PlainLayer.Slots(made, made.Keys, h));
                Near(Rows(layer.Values[h]), PlainLayer.Slots(made, made.Values, h));
            }
            var origins = compressor.Origins(layer.Context, compressor.Plan(new PlanContext(layer.Context.Tokens, 1, layer.Config.KeyValueHeads, Ratio.Of(layer.Context.Tokens, slots))).Layers[0], made);
            Assert.Equal(expected.Select(slot => slot?.Tokens.Length ?? 0), origins[0].Select(origin => origin.Tokens.Count));
        });
        Assert.True(cut > 5 && padded > 5, $"{cut} were cut, {padded} padded");
    }

    [Fact]
    public void A_neighbour_of_several_dropped_tokens_holds_the_last_alone()
    {
        using var scope = NewDisposeScope();

        var weights = new OverwrittenNeighbour().Weights([5, 1, 3, 9, 2], [0, 3, 4]);

        Assert.Equal([1, 0, 0, 0, 0, 0, 0, 0.25f, 0.75f, 0, 0, 0, 0, 0, 1], weights.data<float>().ToArray());
    }

    [Fact]
    public void StreamingLLM_keeps_twelve_tokens_at_every_ratio() => Sample((layer, slots) =>
    {
        using var compressor = Printed("streaming").Create();

        using var made = layer.Compress(compressor, slots);

        Assert.Equal([0, 1, 2, 3, .. Enumerable.Range(layer.Context.Tokens - 8, 8)], made.Positions[..made.Length(0, 0)].ToArray());
        Assert.Equal(12, compressor.NextPosition(null!, compressor.Plan(new PlanContext(layer.Context.Tokens, 1, 1, Ratio.Of(layer.Context.Tokens, slots)))));
    });

    [Theory]
    [InlineData(2, 56)]
    [InlineData(4, 34)]
    [InlineData(8, 23)]
    [InlineData(1, 100)]
    public void A_hundred_tokens_have_twelve_protected_slots_and_those_of_the_others(int ratio, int slots)
    {
        Assert.Equal(slots, EqualProtection.Slots(Ratio.Of(ratio), 100));
        Assert.Equal(slots, EqualProtection.Budget(MethodSpec.Parse("h2o"), Ratio.Of(ratio), 100).Slots(100));
        Assert.Equal(Ratio.Of(ratio), EqualProtection.Budget(MethodSpec.Parse("mean"), Ratio.Of(ratio), 100));
    }

    [Fact]
    public void Protection_is_set_where_a_method_has_it_and_another_one_is_refused()
    {
        string Options(string method) => string.Join(' ', EqualProtection.Of(MethodSpec.Parse(method)).Options.Values.Where(v => v.Key is "sinks" or "recent" or "budget" or "observe" or "variant").Select(v => $"{v.Key}={v.Value}"));

        Assert.Equal("sinks=4 recent=8 variant=correct", Options("h2o"));
        Assert.Equal("sinks=4 variant=correct", Options("streaming"));
        Assert.Equal("observe=32 variant=correct", Options("snapkv"));
        Assert.Equal("sinks=4 recent=8 budget=middle variant=correct", Options("mean:recent=8"));
        Assert.Contains("protocol e3 sets recent=8 for every method, found recent=n/2", Assert.Throws<UsageException>(() => Options("h2o:recent=n/2")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Printed_forms_are_no_methods_and_join_the_table_of_E3_alone()
    {
        PerplexitySettings Asked(string methods) => new() { Protocol = "e3", Methods = MethodSpec.ParseList(methods) };
        string[] PrintedOf(PerplexitySettings settings) => [.. settings.TableMethods().Select(m => m.Typed).Where(name => name.EndsWith(" as printed", StringComparison.Ordinal))];

        Assert.Equal(["h2o", "h2o as printed", "h2o:group=max", "snapkv", "mean:log-mass=true", "mean:log-mass=true as printed"], Asked("dense,h2o,h2o:group=max,snapkv,mean:log-mass=true").TableMethods().Select(m => m.Typed));
        Assert.Equal(AsPrinted.Names.Select(name => name + " as printed").Order(), PrintedOf(Asked("all")).Order());
        Assert.Empty(PrintedOf(Asked("all") with { Protocol = "e1" }));
        foreach (var name in AsPrinted.Names) Assert.Throws<UsageException>(() => MethodSpec.Parse(name + " as printed"));
    }

    private static MethodSpec Printed(string name) => AsPrinted.Of(MethodSpec.Parse(name))!;

    private void Sample(Action<PlainLayer, int> check) => Shapes.Sample((heads, tokens, width, seed, drift, ratio) =>
    {
        using var scope = NewDisposeScope();
        var slots = EqualProtection.Slots(Ratio.Of(ratio), tokens);
        if (slots >= tokens) slots = tokens - 1;
        check(new PlainLayer(reference.Model.Config, heads, tokens, width * 2, seed, Math.Max(0.02, drift / 100.0)), slots);
    }, iter: 200, threads: 1);

    private static void Near(IEnumerable<double[]> expected, double[][] actual)
    {
        var rows = expected.ToArray();
        Assert.Equal(rows.Length, actual.Length);
        foreach (var (a, b) in rows.Zip(actual)) Assert.All(a.Zip(b), pair => Assert.Equal(pair.First, pair.Second, 1e-4 * Math.Max(1, Math.Abs(pair.First))));
    }
}
