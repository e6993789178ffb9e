using CsCheck;
using LST.Core.Attention.Cpu.Vectors;
using LST.Core.Compression;
using LST.Core.Tests.Baselines;
using LST.Core.Tests.Models;
using static TorchSharp.torch;

namespace LST.Core.Tests.Compression;

public class AttentionStatisticsTests
{
    [Fact]
    public void Chunked_statistics_are_those_of_the_whole_matrix() =>
        Gen.Select(Gen.Int[1, 40], Gen.Int[1, 3], Gen.Int[1, 3], Gen.Int[1, 50], Gen.Int[0, 50], Gen.Int[0, 9999]).Sample((tokens, heads, group, chunk, window, seed) =>
        {
            using var scope = NewDisposeScope();
            var normal = new NormalNumbers(seed);
            var queries = tensor(normal.Array(4L * heads * group * tokens), heads * group, tokens, 4) * 2;
            var keys = tensor(normal.Array(4L * heads * tokens), heads, tokens, 4) * 2;
            int? sliding = window == 0 ? null : window;
            using var statistics = new AttentionStatistics(queries, keys, sliding, chunk);
            var expected = NaiveScores.Attention(PlainNumbers.Heads(queries), PlainNumbers.Heads(keys), sliding);
            var observe = 1 + (seed % tokens);

            using var pool = new WorkerPool(2);
            using var pooled = new AttentionStatistics(queries, keys, sliding, chunk) { Pool = pool };

            double[] Flat(Func<double[][], IEnumerable<double>> of) => [.. expected.SelectMany(of)];
            Assert.InRange(PlainNumbers.Distance(Flat(rows => Enumerable.Range(0, tokens).Select(j => rows.Sum(row => row[j]))), PlainNumbers.Of(statistics.ColumnSums)), 0, 1e-4);
            Assert.InRange(PlainNumbers.Distance(statistics.ColumnSums, pooled.ColumnSums), 0, 1e-4);
            Assert.InRange(PlainNumbers.Distance(Flat(rows => rows[^1]), PlainNumbers.Of(statistics.LastRow)), 0, 1e-5);
            Assert.InRange(PlainNumbers.Distance(Flat(rows => rows[^observe..].SelectMany(row => row)), PlainNumbers.Of(statistics.Window(observe))), 0, 1e-5);
            Assert.Equal(Enumerable.Range(0, tokens).Select(j => (double)Enumerable.Range(j, tokens - j).Count(i => sliding is null || i - j < sliding)), PlainNumbers.Of(statistics.ColumnCounts()));
        }, iter: 100, threads: 1);

    [Fact]
    public void A_group_is_made_of_consecutive_query_heads()
    {
        using var scope = NewDisposeScope();
        using var statistics = new AttentionStatistics(zeros(6, 2, 4), zeros(2, 2, 4));
        var perQueryHead = tensor(new float[] { 1, 2, 6, 10, 20, 60 }, 6, 1);

        Assert.Equal([3, 30], PlainNumbers.Of(statistics.ReduceGroups(perQueryHead)));
        Assert.Equal([6, 60], PlainNumbers.Of(statistics.ReduceGroups(perQueryHead, GroupReduction.Max)));
        Assert.Equal([9, 90], PlainNumbers.Of(statistics.ReduceGroups(perQueryHead, GroupReduction.Sum)));
    }

    [Fact]
    public void Each_kind_is_computed_once_and_only_when_read()
    {
        using var scope = NewDisposeScope();
        using var statistics = new AttentionStatistics(zeros(2, 5, 4), zeros(2, 5, 4));
        Assert.Equal(TimeSpan.Zero, statistics.TotalCost);

        Assert.Same(statistics.ColumnSums, statistics.ColumnSums);
        Assert.Same(statistics.Window(2), statistics.Window(2));
        Assert.NotSame(statistics.Window(2), statistics.Window(3));

        var made = statistics.TotalCost;
        statistics.BeginUse();
        Assert.Equal(TimeSpan.Zero, statistics.CostOfUse);
        _ = statistics.LastRow;
        Assert.Equal(statistics.TotalCost - made, statistics.CostOfUse);
    }

    [Fact]
    public void A_method_that_forgot_to_ask_for_statistics_is_told_so()
    {
        using var scope = NewDisposeScope();
        var config = TinyModels.Mha;
        var layer = new LayerContext { Layer = 0, Config = config, Rotary = new Core.Models.RotaryEmbedding(config), Keys = zeros(4, 3, 8), Values = zeros(4, 3, 8) };

        Assert.Contains("CompressorNeeds.Statistics", Assert.Throws<InvalidOperationException>(layer.RequireStatistics).Message);
    }
}
