using CsCheck;
using LST.Core.Training.Data;

namespace LST.Core.Tests.Training.Data;

public class PoolSamplerTests
{
    [Fact]
    public void Every_epoch_takes_each_index_once() => Gen.Select(Gen.Int[1, 300], Gen.Long, Gen.Long[0, 1_000_000]).Sample((size, seed, epoch) =>
        Assert.Equal(Enumerable.Range(0, size), new PoolSampler(size, seed).OrderOf(epoch).Order()), iter: 200, threads: 1);

    [Fact]
    public void Steps_walk_through_the_epochs_without_a_gap() => Gen.Select(Gen.Int[1, 40], Gen.Int[1, 90], Gen.Long).Sample((size, batch, seed) =>
    {
        var pool = new PoolSampler(size, seed);

        var walked = Enumerable.Range(0, 12).SelectMany(step => pool.IndicesOf(step, batch)).ToArray();

        foreach (var epoch in walked.Chunk(size).Where(chunk => chunk.Length == size)) Assert.Equal(Enumerable.Range(0, size), epoch.Order());
    }, iter: 100, threads: 1);

    [Fact]
    public void A_step_is_the_same_in_any_order_and_after_a_resume() => Gen.Select(Gen.Int[1, 60], Gen.Int[1, 20], Gen.Long).Sample((size, batch, seed) =>
    {
        var forward = new PoolSampler(size, seed);
        var expected = Enumerable.Range(0, 20).Select(step => forward.IndicesOf(step, batch)).ToArray();
        var resumed = new PoolSampler(size, seed);

        for (var step = 19; step >= 0; step--) Assert.Equal(expected[step], resumed.IndicesOf(step, batch));
    }, iter: 50, threads: 1);

    [Fact]
    public void Epochs_and_seeds_have_orders_of_their_own()
    {
        var orders = new[] { 1L, 2L }.SelectMany(seed => new[] { 0L, 1L, 2L }.Select(epoch => string.Join(' ', new PoolSampler(30, seed).OrderOf(epoch))));

        Assert.Equal(6, orders.Distinct().Count());
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(9, 0)]
    [InlineData(10, 1)]
    [InlineData(25, 2)]
    public void The_epoch_of_a_step_is_that_of_its_first_sequence(long step, long epoch) => Assert.Equal(epoch, new PoolSampler(40, 1).EpochOf(step, 4));

    [Fact]
    public void Refuses_an_empty_pool() => Assert.Contains("at least 1", Assert.Throws<UsageException>(() => new PoolSampler(0, 1)).Message);
}
