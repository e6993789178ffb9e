using CsCheck;
using LST.Core.Training;

namespace LST.Core.Tests.Training.Budgets;

/// <summary>The choice of one option a head against all choices that there are.</summary>
public class HeadChoiceTests
{
    private static readonly double[] Slots = [0.03, 0.25, 0.5, 1, 1.5, 2, 4];

    private static readonly Gen<(double[][] Errors, HeadOption[] Options)> Cases =
        from heads in Gen.Int[1, 4]
        from picked in Gen.Int[0, Slots.Length - 1].Array[1, 5]
        from first in Gen.Int[0, 3]
        from coarse in Gen.Bool
        // Coarse errors tie often.
        from errors in (coarse ? Gen.Int[0, 3].Select(value => (double)value) : Gen.Double[0, 1]).Array[picked.Length + 1].Array[heads]
        select (errors, (HeadOption[])[new HeadOption(Slots[first], 0), .. picked.Select(slots => new HeadOption(Slots[slots], 0.5))]);

    [Fact]
    public void Never_costs_more_than_the_budget_and_misses_the_optimum_by_less_than_one_head() =>
        Cases.Sample(x =>
        {
            var chosen = HeadChoice.Of(x.Errors, x.Options);

            Assert.Equal(x.Errors.Length, chosen.Length);
            Assert.InRange(chosen.Average(o => x.Options[o].Slots), 0, 1 + 1e-9);
            var missed = Total(x.Errors, chosen) - Optimum(x.Errors, x.Options);
            Assert.InRange(missed, -1e-9, x.Errors.Max(head => head.Max() - head.Min()) + 1e-9);
        }, iter: 2000, threads: 1);

    [Fact]
    public void Is_the_optimum_where_equal_steps_gain_less_and_less() =>
        (from heads in Gen.Int[1, 5]
         from gains in Gen.Double[0, 1].Array[3].Array[heads]
         select gains).Sample(gains =>
         {
             HeadOption[] options = [new(0.5, 0), new(1, 0), new(1.5, 0), new(2, 0)];
             double[][] errors = [.. gains.Select(head => head.OrderDescending().ToArray()).Select(g => (double[])[3, 3 - g[0], 3 - g[0] - g[1], 3 - g[0] - g[1] - g[2]])];

             Assert.Equal(Optimum(errors, options), Total(errors, HeadChoice.Of(errors, options)), 1e-9);
         }, iter: 500, threads: 1);

    [Fact]
    public void More_budget_never_costs_more() =>
        (from x in Cases from budget in Gen.Double[1, 4] from more in Gen.Double[1, 2] select (x.Errors, x.Options, budget, more)).Sample(x =>
        {
            double At(double budget) => Total(x.Errors, HeadChoice.Of(x.Errors, [.. x.Options.Select(option => option with { Slots = option.Slots / budget })]));

            Assert.InRange(At(x.budget * x.more), 0, At(x.budget) + 1e-9);
        }, iter: 1000, threads: 1);

    [Fact]
    public void Without_errors_and_among_equals_the_cheapest_is_taken()
    {
        HeadOption[] options = [new(1, 0), new(0.25, 0.5), new(2, 0)];

        Assert.Equal([1, 1, 1], HeadChoice.Of([new double[3], new double[3], new double[3]], options));
        Assert.Equal([1, 1], HeadChoice.Of([[0.7, 0.7, 0.7], [0, 0, 0]], options));
        // Heads alike of which one can have more: always the same one.
        double[][] alike = [[1, 5, 0], [1, 5, 0], [1, 5, 0]];
        Assert.Equal(HeadChoice.Of(alike, options), HeadChoice.Of(alike, options));
    }

    [Fact]
    public void A_single_option_is_everybodys_and_one_that_is_too_dear_is_refused()
    {
        Assert.Equal([0, 0, 0], HeadChoice.Of([[3], [0], [1e12]], [new HeadOption(1, 0.5)]));
        Assert.Throws<ArgumentException>(() => HeadChoice.Of([[3], [0]], [new HeadOption(1.01, 0.5)]));
        Assert.Throws<ArgumentException>(() => HeadChoice.Of([[3, 1], [0, 0]], [new HeadOption(1.5, 0.5), new HeadOption(8, 0)]));
    }

    [Fact]
    public void Errors_of_any_size_are_weighed_alike()
    {
        HeadOption[] options = [new(0.5, 0), new(1, 0), new(1.5, 0)];
        foreach (var scale in new[] { 1e-12, 1, 1e12 })
            Assert.Equal([0, 2], HeadChoice.Of([[2 * scale, 1.9 * scale, 1.8 * scale], [9 * scale, 4 * scale, scale]], options));
    }

    private static double Total(double[][] errors, int[] chosen) => chosen.Select((o, h) => errors[h][o]).Sum();

    private static double Optimum(double[][] errors, HeadOption[] options)
    {
        var best = double.PositiveInfinity;
        void Extend(int head, double slots, double error)
        {
            if (slots > errors.Length + 1e-9) return;
            if (head == errors.Length) best = Math.Min(best, error);
            else for (var o = 0; o < options.Length; o++) Extend(head + 1, slots + options[o].Slots, error + errors[head][o]);
        }
        Extend(0, 0, 0);
        return best;
    }
}
