using LST.Core.Tests.Models;
using LST.Core.Training;
using TorchSharp;
using static LST.Core.Tests.Training.TrainingCases;

namespace LST.Core.Tests.Training;

public class PrefixStoreTests
{
    [Fact]
    public void Keeps_what_fits_and_drops_what_was_used_longest_ago()
    {
        using var model = TinyModels.Load(TinyModels.Mha);
        var cancel = TestContext.Current.CancellationToken;
        long one;
        using (var prepared = Prepared(model, Sequence(0), queries: false, repeat: 0)) one = prepared.Bytes;
        using var store = new PrefixStore(model, index => Sequence((int)index), new PrefixNeeds(false, 0), 3 * one);

        foreach (var index in new[] { 0, 1, 2, 0, 3, 0, 2 }) Assert.Equal(Sequence(index).Ids, store.Get(index, cancel).Sequence.Ids);
        Assert.Equal((4, 3 * one), (store.Prepared, store.Bytes));
        store.Get(1, cancel);
        store.Get(0, cancel);
        Assert.Equal(5, store.Prepared);
        store.Get(3, cancel);
        Assert.Equal(6, store.Prepared);
    }

    [Fact]
    public void The_one_in_use_stays_however_small_the_budget_and_disposal_leaves_nothing()
    {
        using var model = TinyModels.Load(TinyModels.Mha);
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        using (var store = new PrefixStore(model, index => Sequence((int)index), new PrefixNeeds(true, 8), 1))
            for (var index = 0; index < 4; index++) Assert.Equal(Prefix, store.Get(index, TestContext.Current.CancellationToken).Layers[0].Keys.shape[1]);

        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    [Fact]
    public void What_is_prepared_does_not_depend_on_what_was_prepared_before()
    {
        using var model = TinyModels.Load(TinyModels.Gqa);
        using var first = Prepared(model, Sequence(3));
        using var other = Prepared(model, Sequence(4, 77, 30));
        using var again = Prepared(model, Sequence(3));

        Assert.Equal(first.DenseHidden.data<float>().ToArray(), again.DenseHidden.data<float>().ToArray());
        foreach (var (a, b) in first.Layers.Zip(again.Layers)) Assert.All(a.Tensors.Zip(b.Tensors), pair => Assert.Equal(pair.First.data<float>().ToArray(), pair.Second.data<float>().ToArray()));
    }
}
