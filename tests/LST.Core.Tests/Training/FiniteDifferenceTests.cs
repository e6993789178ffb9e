using LST.Core.Losses;
using LST.Core.Sidecar;
using LST.Core.Tests.Models;
using LST.Core.Training;
using static LST.Core.Tests.Training.TrainingCases;
using static TorchSharp.torch;

namespace LST.Core.Tests.Training;

/// <summary>Gradients of the weighted sum of all losses, from the parameters through the frozen model, against differences of the losses themselves.</summary>
public class FiniteDifferenceTests
{
    private static readonly LossSettings Losses = new()
    {
        CrossEntropy = 0.7, Divergence = 1, Alignment = 0.4, Diversity = 0.2, ProbeCount = 8, AlignmentSettings = new AlignmentSettings { LogSumExpWeight = 0.3 },
    };

    public static MatrixTheoryData<SidecarNetwork, RefitProbes, int> Cases { get; } = new(Enum.GetValues<SidecarNetwork>(), [RefitProbes.None, RefitProbes.Prefix], [1, 2]);

    [Theory]
    [MemberData(nameof(Cases))]
    public void Gradients_are_slopes_of_the_losses(SidecarNetwork network, RefitProbes refit, int superTokens)
    {
        using var model = TinyModels.Load(TinyModels.Gqa with { SlidingWindow = 47 });
        using var sidecar = MadeSidecar(Config(model.Config, network) with { Refit = refit, RefitQueries = 6, SuperTokens = superTokens, LongestWindow = 6 });
        using var prepared = Prepared(model, Sequence(1));
        var (_, gradients) = Accumulate(model, sidecar, Losses, prepared);

        foreach (var (name, gradient) in gradients)
            foreach (var half in new[] { false, true })
            {
                // Along the gradient itself the slope is its norm: as large as any, and far above what float32 loses. Half of the numbers, at random, must do so, too.
                var random = new Random(name.Length);
                float[] direction = [.. gradient.Select(g => half && random.Next(2) == 0 ? 0 : g)];
                var length = Norm(direction);
                if (length < 1e-3 * gradients.Values.Max(Norm)) continue;
                var slope = Slope(model, sidecar, prepared, name, [.. direction.Select(d => (float)(d / length))]);
                // Losses of some 5 nats are exact to some 1e-6, over a step of 2·0.004: 3e-4 absolutely. The rest is curvature.
                Assert.True(Math.Abs(slope - length) < 0.01 * length + 1e-3, $"{network}, {name}{(half ? " (half)" : "")}: gradient {length}, slope {slope}");
            }
    }

    private static double Slope(Core.Models.LanguageModel model, SidecarModule sidecar, PreparedPrefix prepared, string name, float[] direction)
    {
        const double Step = 0.004;
        double At(double distance)
        {
            using var scope = NewDisposeScope();
            var before = sidecar.Parameters[name].detach().clone();
            var moved = tensor(direction).view(before.shape) * distance;
            using (no_grad()) sidecar.Parameters[name].add_(moved);
            var found = Accumulate(model, sidecar, Losses, prepared).Losses;
            using (no_grad()) sidecar.Parameters[name].copy_(before);
            return Losses.CrossEntropy * found.CrossEntropy + Losses.Divergence * found.Divergence + Losses.Alignment * found.Alignment + Losses.Diversity * found.Diversity;
        }
        return (At(Step) - At(-Step)) / (2 * Step);
    }
}
