using LST.Core;
using LST.Evaluation.Benchmarks.ZeroShot;
using LST.Evaluation.Random;

namespace LST.Evaluation.Tests.Benchmarks.ZeroShot;

public class FewShotSamplerTests
{
    private static readonly ZeroShotDocument[] Items = [.. Enumerable.Range(0, 40).Select(seed => InventedItems.Item(seed, words: 6))];

    private static ZeroShotDocument[] Prompted(string task, int examples, IReadOnlyList<ZeroShotDocument> pool)
    {
        var sampler = new FewShotSampler(ZeroShotTask.Of(task), pool, examples);
        return [.. Items.Select(sampler.Next)];
    }

    [Fact]
    public void Draws_are_those_of_one_generator_that_runs_on()
    {
        var random = new PyRandom(1234);

        foreach (var item in Prompted("arc_easy", 3, Items[..30])) Assert.Equal(random.Sample(Items[..30], 3).Select(example => example.ItemId), item.FewShotIds);
    }

    [Fact]
    public void Another_seed_draws_otherwise()
    {
        var sampler = new FewShotSampler(ZeroShotTask.Of("arc_easy"), Items[..30], 3, seed: 7);
        var random = new PyRandom(7);

        foreach (var item in Items) Assert.Equal(random.Sample(Items[..30], 3).Select(example => example.ItemId), sampler.Next(item).FewShotIds);
        Assert.NotEqual(Prompted("arc_easy", 3, Items[..30])[0].FewShotIds, new FewShotSampler(ZeroShotTask.Of("arc_easy"), Items[..30], 3, seed: 7).Next(Items[0]).FewShotIds);
    }

    [Fact]
    public void Without_a_test_split_one_more_is_drawn_and_the_item_itself_is_dropped()
    {
        var random = new PyRandom(1234);
        var dropped = 0;
        foreach (var item in Prompted("piqa", 5, Items))
        {
            string[] drawn = [.. random.Sample(Items, 6).Select(example => example.ItemId)];
            if (drawn.Contains(item.ItemId)) dropped++;

            Assert.Equal(drawn.Where(id => id != item.ItemId).Take(5), item.FewShotIds);
            Assert.Equal(5, item.FewShotIds.Count);
            Assert.DoesNotContain(item.ItemId, item.FewShotIds);
        }
        Assert.InRange(dropped, 1, Items.Length - 1);
    }

    [Fact]
    public void Examples_with_their_right_answers_stand_before_every_context_and_nothing_else_changes()
    {
        foreach (var (item, bare) in Prompted("winogrande", 2, Items[20..]).Zip(Items))
        {
            var examples = item.FewShotIds.Select(id => Items.Single(other => other.ItemId == id)).ToList();
            var before = string.Concat(examples.Select(example => $"{example.Requests[example.Gold!.Value].Context} {example.Choices[example.Gold!.Value]}\n\n"));

            Assert.Equal(bare.Requests.Select(request => new ZeroShotRequest(before + request.Context, request.Continuation)), item.Requests);
            Assert.Equal((bare.Gold, bare.ItemId, bare.DocId, bare.Choices), (item.Gold, item.ItemId, item.DocId, item.Choices));
        }
    }

    [Fact]
    public void Two_runs_draw_the_same_and_no_examples_draw_nothing()
    {
        Assert.Equal(Prompted("hellaswag", 4, Items).SelectMany(item => item.FewShotIds), Prompted("hellaswag", 4, Items).SelectMany(item => item.FewShotIds));
        Assert.Equal(Items, Prompted("hellaswag", 0, []));
    }

    [Fact]
    public void The_last_items_are_held_back_as_a_pool()
    {
        var (scored, pool) = FewShotSampler.HoldBack(Items, 10);

        Assert.Equal(Items, scored.Concat(pool));
        Assert.Equal(10, pool.Count);
        Assert.Contains("only 40", Assert.Throws<DataException>(() => FewShotSampler.HoldBack(Items, 40)).Message);
    }

    [Theory]
    [InlineData("piqa", 4, "draws 5 items, but its pool has 4")]
    [InlineData("arc_easy", 5, "draws 5 items, but its pool has 4")]
    public void A_pool_that_is_too_small_is_refused(string task, int examples, string phrase) =>
        Assert.Contains(phrase, Assert.Throws<UsageException>(() => Prompted(task, examples, Items[..4])).Message);
}
