using System.Globalization;
using static TorchSharp.torch;

namespace LST.Evaluation.Verification;

/// <summary>Collects comparisons of one case: what is out of tolerance, and the largest difference of each kind.</summary>
public sealed class Differences
{
    private readonly List<string> failures = [];
    private readonly Dictionary<string, double> largest = [];

    /// <summary>Compares two tensors of the same shape by the largest absolute difference.</summary>
    /// <param name="kind">Name in the report.</param>
    /// <param name="expected">Reference.</param>
    /// <param name="actual">Ours.</param>
    /// <param name="tolerance">Largest absolute difference allowed.</param>
    public void Absolute(string kind, Tensor expected, Tensor actual, double tolerance)
    {
        using var scope = NewDisposeScope();
        if (!expected.shape.SequenceEqual(actual.shape))
        {
            Fail($"{kind}: shape [{string.Join(", ", actual.shape)}], expected [{string.Join(", ", expected.shape)}]");
            return;
        }
        if (expected.NumberOfElements == 0) return;
        var difference = (expected.to(float64) - actual.to(float64)).abs();
        // Equal infinities differ by NaN; they are equal.
        var same = expected.to(float64) == actual.to(float64);
        Number(kind, difference.masked_fill(same, 0).max().to(float64).item<double>(), tolerance);
    }

    /// <summary>Records one difference.</summary>
    public void Number(string kind, double difference, double tolerance)
    {
        if (!(largest.GetValueOrDefault(kind, -1) >= difference)) largest[kind] = difference;
        if (!(difference <= tolerance))
            Fail(string.Create(CultureInfo.InvariantCulture, $"{kind}: largest difference {difference:G3}, allowed {tolerance:G3}"));
    }

    /// <summary>Compares whole numbers exactly.</summary>
    public void Exact(string kind, ReadOnlySpan<long> expected, ReadOnlySpan<long> actual)
    {
        if (expected.SequenceEqual(actual)) return;
        var at = expected.CommonPrefixLength(actual);
        Fail(expected.Length != actual.Length ? $"{kind}: {actual.Length} values, expected {expected.Length}"
            : $"{kind}: value {at} is {actual[at]}, expected {expected[at]}");
    }

    /// <summary>A check that is not a number.</summary>
    public void That(bool holds, string failure)
    {
        if (!holds) Fail(failure);
    }

    /// <summary>The result of the case.</summary>
    public CaseResult Result(string name) => failures.Count > 0
        ? new CaseResult(name, Outcome.Failed, string.Join("; ", failures))
        : new CaseResult(name, Outcome.Passed, string.Join(", ", largest.Select(l => string.Create(CultureInfo.InvariantCulture, $"{l.Key} {l.Value:G2}"))));

    private void Fail(string failure)
    {
        if (failures.Count < 12) failures.Add(failure);
    }
}
