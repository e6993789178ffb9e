using System.Globalization;

namespace LST.Core.Compression;

/// <summary>What an option of a method may hold.</summary>
public enum OptionKind
{
    /// <summary>A whole number or an expression of n and r.</summary>
    Slots,

    /// <summary>A number.</summary>
    Number,

    /// <summary>A whole number that is no expression: a seed.</summary>
    Whole,

    /// <summary><c>true</c> or <c>false</c>.</summary>
    Flag,

    /// <summary>One of a list of names.</summary>
    Choice,

    /// <summary>Any text (a file).</summary>
    Text,

    /// <summary>The name of a method that scores tokens (<see cref="Scorers"/>); its options may be written beside the method's own.</summary>
    Scorer,
}

/// <summary>One option that a method knows.</summary>
/// <param name="Key">As it is written, hyphenated.</param>
/// <param name="Default">Value when it is not written; empty: none, the method decides from n and r.</param>
/// <param name="Kind">What it may hold.</param>
/// <param name="Choices">Allowed names of <see cref="OptionKind.Choice"/>; for other kinds, names allowed besides (e.g. <c>auto</c>).</param>
/// <param name="Meaning">One line for the help, with unit.</param>
public sealed record MethodOption(string Key, string Default, OptionKind Kind, string Meaning, params string[] Choices);

/// <summary>The resolved options of one method, defaults included.</summary>
public sealed class MethodOptions(string method, IReadOnlyDictionary<string, string> values)
{
    /// <summary>All keys and values, as a record holds them.</summary>
    public IReadOnlyDictionary<string, string> Values => values;

    /// <summary>Those that belong to another method, under its name.</summary>
    internal MethodOptions Only(MethodEntry other) => new(other.Name, other.Options.ToDictionary(option => option.Key, option => values[option.Key]));

    /// <summary>The text of an option.</summary>
    public string this[string key] => values[key];

    /// <summary>Whether the option has no value, so that the method decides.</summary>
    public bool IsAutomatic(string key) => values[key].Length == 0;

    /// <summary>A whole number or expression for a budget of n slots.</summary>
    public int Slots(string key, int slots, Ratio ratio) => BudgetExpression.Evaluate($"{method}:{key}", values[key], slots, ratio);

    /// <summary>A whole number or expression of r, where there is no n because the cache grows.</summary>
    /// <exception cref="UsageException">It depends on n.</exception>
    public int SlotsWithoutBudget(string key, Ratio ratio) => BudgetExpression.EvaluateWithoutSlots($"{method}:{key}", values[key], ratio);

    /// <summary>A number.</summary>
    public double Number(string key) => double.Parse(values[key], CultureInfo.InvariantCulture);

    /// <summary>A whole number.</summary>
    public int Whole(string key) => (int)Number(key);

    /// <summary>A reduction over the query heads of a group.</summary>
    public GroupReduction Group(string key) => Enum.Parse<GroupReduction>(values[key], ignoreCase: true);

    /// <summary>A flag.</summary>
    public bool Flag(string key) => values[key] == "true";
}
