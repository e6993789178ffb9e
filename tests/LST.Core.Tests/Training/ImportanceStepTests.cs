using LST.Core.Models;
using LST.Core.Sidecar;
using LST.Core.Tests.Models;
using LST.Core.Training;
using TorchSharp;
using static LST.Core.Tests.Training.TrainingCases;
using static TorchSharp.torch;

namespace LST.Core.Tests.Training;

/// <summary>Gradients of the importance network, and that it learns which tokens cost much.</summary>
public class ImportanceStepTests
{
    public static MatrixTheoryData<string, int> Cases { get; } = new(["mha", "gqa"], [0, 30]);

    [Theory, MemberData(nameof(Cases))]
    public void Gradients_are_slopes_of_the_loss(string heads, int slidingWindow)
    {
        using var model = TinyModels.Load((heads == "mha" ? TinyModels.Mha : TinyModels.Gqa) with { SlidingWindow = slidingWindow == 0 ? null : slidingWindow });
        using var sidecar = MadeSidecar(Choosing(model.Config));
        using var prepared = Prepared(model, Sequence(1));
        var fit = new Fit(model, sidecar);
        fit.Accumulate(prepared);
        var gradients = Gradients(sidecar);

        foreach (var (name, gradient) in gradients)
        {
            var length = Norm(gradient);
            Assert.True(length > 0, $"{name} has a gradient");
            // Small ones are lost in what float32 rounds.
            if (length < 1e-3 * gradients.Values.Max(Norm)) continue;
            var slope = Slope(fit, sidecar, prepared, name, [.. gradient.Select(g => (float)(g / length))]);
            Assert.True(Math.Abs(slope - length) < 0.01 * length + 1e-3, $"{name}: gradient {length}, slope {slope}");
        }
    }

    [Fact]
    public void Scale_is_a_factor_on_gradients_that_add_up()
    {
        using var model = TinyModels.Load(TinyModels.Gqa);
        using var sidecar = MadeSidecar(Choosing(model.Config));
        using var prepared = Prepared(model, Sequence(1));
        var fit = new Fit(model, sidecar);
        var loss = fit.Accumulate(prepared);
        var whole = Gradients(sidecar);

        foreach (var parameter in sidecar.Parameters.Values) parameter.grad?.zero_();
        Assert.Equal(loss, fit.Accumulate(prepared, 0.25));
        Assert.Equal(loss, fit.Accumulate(prepared, 0.75));

        foreach (var (name, gradient) in Gradients(sidecar)) Assert.InRange(Difference(gradient, whole[name]), 0, 1e-5);
    }

    [Fact]
    public void Levels_are_running_means_of_the_costs()
    {
        using var model = TinyModels.Load(TinyModels.Gqa);
        using var sidecar = MadeSidecar(Choosing(model.Config));
        using var prepared = Prepared(model, Sequence(1));
        using var levels = zeros(3, 2, float32);
        var step = new ImportanceStep(model, sidecar, levels);
        void Add(ulong seed)
        {
            using var generator = new Generator(seed, CPU);
            step.Accumulate(prepared, 1, generator, TestContext.Current.CancellationToken);
        }
        double[] Costs(ulong seed) => [.. Enumerable.Range(0, 3).SelectMany(l => TrueCosts(model, prepared, l, seed).Select(head => head.Average()))];

        Add(1);
        var first = PlainNumbers.Of(levels);
        Add(2);

        Assert.InRange(PlainNumbers.Distance(first.Zip(Costs(1), (a, b) => a / b).ToArray(), [1, 1, 1, 1, 1, 1]), 0, 1e-4);
        Assert.InRange(PlainNumbers.Distance(PlainNumbers.Of(levels).Zip(first.Zip(Costs(2), (a, b) => a + (b - a) / 20), (a, b) => a / b).ToArray(), [1, 1, 1, 1, 1, 1]), 0, 1e-4);
    }

    [Fact]
    public void Two_hundred_steps_rank_tokens_by_their_costs_and_leave_no_tensor_behind()
    {
        using var model = TinyModels.Load(TinyModels.Gqa);
        using var sidecar = SidecarModule.Untrained(Choosing(model.Config), 3);
        sidecar.RequireGradients(true);
        using var optimizer = new AdamW(sidecar.Parameters);
        using var levels = zeros(3, 2, float32);
        var step = new ImportanceStep(model, sidecar, levels);
        using var store = new PrefixStore(model, index => Sequence((int)index), new PrefixNeeds(false, 0), 1 << 28);
        var counts = new List<long>();
        for (var number = 1; number <= 200; number++)
        {
            optimizer.ZeroGradients();
            using (var generator = new Generator((ulong)number % 8, CPU)) step.Accumulate(store.Get(number % 4, TestContext.Current.CancellationToken), 1, generator, TestContext.Current.CancellationToken);
            optimizer.Step(number, 1e-2, 1 / Math.Max(1, optimizer.GradientNorm()));
            counts.Add(DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        }

        Assert.Equal(counts[8], counts[8..].Max());
        Assert.Equal(counts[8], counts[^1]);
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        var correlations = new List<double>();
        for (var i = 0; i < 4; i++)
            for (var l = 0; l < 3; l++)
            {
                var prepared = store.Get(i, TestContext.Current.CancellationToken);
                var context = prepared.Context(l, model);
                var importance = PlainNumbers.Of(sidecar.Importance(l, context.PreRopeKeys(), context.Values)).Chunk(context.Tokens).ToArray();
                // The two draws of labels that this sequence was learned from.
                var (one, other) = (TrueCosts(model, prepared, l, (ulong)i), TrueCosts(model, prepared, l, (ulong)i + 4));
                correlations.AddRange(importance.Select((head, h) => RankCorrelation(head, [.. one[h].Zip(other[h], (a, b) => a + b)])));
            }
        Assert.True(correlations.Average() > 0.5, $"mean rank correlation {correlations.Average():0.000} of {string.Join(' ', correlations.Select(c => c.ToString("0.00")))}");
    }

    private static SidecarConfig Choosing(ModelConfig shape) => Sidecar.RandomSidecar.Config("random-choice", shape) with { ChoiceRank = 6, ChoiceHidden = 16 };

    private static double[][] TrueCosts(LanguageModel model, PreparedPrefix prepared, int layer, ulong seed)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(seed, CPU);
        using var cache = model.NewCache(1, prepared.Sequence.Prefix);
        using (no_grad()) model.Run(tensor(prepared.Sequence.PrefixIds.ToArray(), 1, prepared.Sequence.Prefix), cache).Dispose();
        var contribution = ContributionGradients.Of(model, cache, prepared.Sequence.Inputs, generator)[layer];
        return [.. PlainNumbers.Of(RemovalCosts.Of(contribution, prepared.Layers[layer].Keys, prepared.Layers[layer].Values)).Chunk(prepared.Sequence.Prefix)];
    }

    private static double RankCorrelation(double[] a, double[] b)
    {
        static double[] Ranks(double[] values)
        {
            var ranks = new double[values.Length];
            foreach (var (index, rank) in Enumerable.Range(0, values.Length).OrderBy(i => values[i]).Select((index, rank) => (index, rank))) ranks[index] = rank;
            return ranks;
        }
        var (x, y, mean) = (Ranks(a), Ranks(b), (a.Length - 1) / 2.0);
        return x.Zip(y, (p, q) => (p - mean) * (q - mean)).Sum() / x.Sum(p => (p - mean) * (p - mean));
    }

    private static double Slope(Fit fit, SidecarModule sidecar, PreparedPrefix prepared, string name, float[] direction)
    {
        const double Step = 0.004;
        double At(double distance)
        {
            using var scope = NewDisposeScope();
            var before = sidecar.Parameters[name].detach().clone();
            using (no_grad()) sidecar.Parameters[name].add_(tensor(direction).view(before.shape) * distance);
            var loss = fit.Accumulate(prepared);
            using (no_grad()) sidecar.Parameters[name].copy_(before);
            return loss;
        }
        return (At(Step) - At(-Step)) / (2 * Step);
    }

    // The loss as a function of the parameters alone: the same labels, and levels that have seen nothing.
    private sealed class Fit(LanguageModel model, SidecarModule sidecar)
    {
        public double Accumulate(PreparedPrefix prepared, double scale = 1)
        {
            using var levels = zeros(model.Config.Layers, model.Config.KeyValueHeads, float32);
            using var generator = new Generator(17, CPU);
            return new ImportanceStep(model, sidecar, levels).Accumulate(prepared, scale, generator, TestContext.Current.CancellationToken);
        }
    }
}
