using System.Globalization;
using LST.Core;

namespace LST.Evaluation.Benchmarks.Items;

/// <summary>
/// One of n parts of a benchmark: of n items that follow each other in a task every shard has one, by place in the whole task, so that a limit moves none of them from one shard to another.
/// </summary>
public readonly record struct Shard
{
    private const int Most = 100_000;

    // So that the default is 1/1.
    private readonly int _number;
    private readonly int _others;

    private Shard(int number, int count) => (_number, _others) = (number - 1, count - 1);

    /// <summary>All of it, 1/1.</summary>
    public static Shard Whole => default;

    /// <summary>i, from 1.</summary>
    public int Number => _number + 1;

    /// <summary>n.</summary>
    public int Count => _others + 1;

    /// <summary>Whether there is one shard only.</summary>
    public bool IsWhole => Count == 1;

    /// <summary>Reads <c>i/n</c>.</summary>
    /// <exception cref="UsageException">Not two whole numbers, or i is not one of 1 … n.</exception>
    public static Shard Parse(string text)
    {
        var parts = text.Split('/');
        if (parts.Length == 2 && IsWholeNumber(parts[0], out var number) && IsWholeNumber(parts[1], out var count) && number >= 1 && number <= count && count <= Most) return new Shard(number, count);
        throw new UsageException($"--shard '{text}': expected i/n, two whole numbers with i from 1 to n and n at most {Most.ToString(CultureInfo.InvariantCulture)}, such as 1/4");
    }

    /// <summary>Whether the item at a place of the task, from 0, belongs to this shard.</summary>
    public bool Has(long itemIndex)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(itemIndex);
        return itemIndex % Count == _number;
    }

    /// <summary>The name of a task's file: <c>task.jsonl</c>, or <c>task.2-of-4.jsonl</c>.</summary>
    public string FileName(string task) => IsWhole ? $"{task}.jsonl" : string.Create(CultureInfo.InvariantCulture, $"{task}.{Number}-of-{Count}.jsonl");

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Number}/{Count}");

    private static bool IsWholeNumber(string text, out int value) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value);
}
