using LST.Notebooks;

namespace LST.Notebooks.Tests;

public class WritingTests
{
    [Fact]
    public void A_model_writes_the_same_from_the_whole_cache_and_from_one_kept_at_ratio_one()
    {
        var model = Open.Model("lst-ref");
        var ids = Open.Ids(model, "api-dev", count: 120);

        var dense = Writing.Of(model, ids, "dense", ratio: 1, tokens: 12);
        var kept = Writing.Of(model, ids, "snapkv", ratio: 1, tokens: 12);
        var dropped = Writing.Of(model, ids, "streaming", ratio: 4, tokens: 12);

        Assert.Equal(dense.Ids, kept.Ids);
        Assert.Equal(dense.Text, kept.Text);
        Assert.Equal((120, 30.0), (dropped.PromptTokens, dropped.SlotsAHead));
        Assert.True(dropped.CacheBytes < dense.CacheBytes / 3);
    }

    [Fact]
    public void The_same_tokens_are_counted_from_the_first_on()
    {
        static Writing Wrote(params int[] ids) => new("m", 2, "", ids, 10, 5, 100);

        Assert.Equal(2, Wrote(1, 2, 3, 4).SameTokens(Wrote(1, 2, 9, 4)));
        Assert.Equal(0, Wrote(1).SameTokens(Wrote()));
        var table = Writing.Costs(Wrote(1, 2), Wrote(1, 5));
        Assert.Equal([2, 1], table.Columns["same tokens"].Cast<int>());
        Assert.Equal([10.0, 10.0], table.Columns["bytes/token"].Cast<double>());
    }
}
