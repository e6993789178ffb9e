using CsCheck;
using LST.Core;
using LST.Evaluation.Benchmarks.Items;
using LST.Evaluation.Random;

namespace LST.Evaluation.Tests.Benchmarks.Items;

public class ItemSelectionTests
{
    // random.Random(0).shuffle(list(range(10))) in CPython: 7 8 1 5 3 4 2 0 9 6.
    [Fact]
    public void A_limit_takes_the_first_of_Pythons_shuffle_in_the_order_of_the_file() =>
        Assert.Equal([(1, "b"), (5, "f"), (7, "h"), (8, "i")], ItemSelection.Of("abcdefghij".Select(c => c.ToString()).ToArray(), 4).Select(selected => (selected.Index, selected.Item)));

    [Theory]
    [InlineData(null)]
    [InlineData(10)]
    [InlineData(11)]
    public void No_limit_and_a_large_one_take_all(int? limit) => Assert.Equal(Enumerable.Range(0, 10), ItemSelection.Of(new int[10], limit).Select(selected => selected.Index));

    [Fact]
    public void A_limit_below_1_is_refused() => Assert.Contains("--limit 0", Assert.Throws<UsageException>(() => ItemSelection.Of([1], 0)).Message, StringComparison.Ordinal);

    [Fact]
    public void A_smaller_limit_takes_a_part_of_a_larger_one() => Gen.Select(Gen.Int[1, 60], Gen.Int[1, 60], Gen.Int[1, 80]).Sample((small, large, count) =>
    {
        var items = Enumerable.Range(0, count).ToArray();
        return !ItemSelection.Of(items, Math.Min(small, large)).Except(ItemSelection.Of(items, Math.Max(small, large))).Any();
    });

    [Fact]
    public void Every_item_is_in_one_shard_and_a_limit_moves_none() => Gen.Select(Gen.Int[1, 7], Gen.Int[1, 40], Gen.Int[1, 50]).Sample((count, items, limit) =>
    {
        var all = Enumerable.Range(0, items).ToArray();
        var shards = Enumerable.Range(1, count).Select(i => ItemSelection.Of(all, null, Shard.Parse($"{i}/{count}"))).ToList();
        var limited = Enumerable.Range(1, count).Select(i => ItemSelection.Of(all, limit, Shard.Parse($"{i}/{count}"))).ToList();

        Assert.Equal(all, shards.SelectMany(shard => shard).Select(selected => selected.Index).Order());
        Assert.Equal(ItemSelection.Of(all, limit), limited.SelectMany(shard => shard).OrderBy(selected => selected.Index));
        Assert.All(limited.Zip(shards), pair => Assert.Empty(pair.First.Except(pair.Second)));
        Assert.InRange(shards.Max(shard => shard.Count) - shards.Min(shard => shard.Count), 0, 1);
    });

    [Fact]
    public void Shards_may_be_cut_by_something_else_than_the_place() =>
        Assert.Equal([2, 3], ItemSelection.Of("abcd".ToArray(), null, Shard.Parse("2/2"), place => place / 2).Select(selected => selected.Index));

    [Theory]
    [InlineData("0/4")]
    [InlineData("5/4")]
    [InlineData("1/0")]
    [InlineData("0/0")]
    [InlineData("-1/4")]
    [InlineData("+1/4")]
    [InlineData("1/ 4")]
    [InlineData("1")]
    [InlineData("1/2/3")]
    [InlineData("a/b")]
    [InlineData("")]
    [InlineData("1/99999999999")]
    public void A_shard_outside_of_1_to_n_is_refused(string text) => Assert.Contains($"--shard '{text}'", Assert.Throws<UsageException>(() => Shard.Parse(text)).Message, StringComparison.Ordinal);

    [Fact]
    public void A_shard_says_what_it_is()
    {
        Assert.Equal(("2/4", "t.2-of-4.jsonl"), (Shard.Parse("2/4").ToString(), Shard.Parse("2/4").FileName("t")));
        Assert.Equal(("1/1", "t.jsonl", true), (Shard.Whole.ToString(), Shard.Parse("1/1").FileName("t"), Shard.Parse("1/1") == Shard.Whole));
    }

    [Fact]
    public void The_shuffle_is_PyRandoms()
    {
        var order = Enumerable.Range(0, 500).ToArray();
        new PyRandom(0).Shuffle(order);

        Assert.Equal(order.Take(20).Order(), ItemSelection.Of(new int[500], 20).Select(selected => selected.Index));
    }
}
