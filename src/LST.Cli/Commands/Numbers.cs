using System.Globalization;
using LST.Core;

namespace LST.Cli.Commands;

/// <summary>Whole numbers from the command line.</summary>
internal static class Numbers
{
    /// <summary>At least 1; null stays null.</summary>
    public static int? Positive(string flag, string? text) => text is null ? null : Whole(flag, text, 1);

    /// <summary>At least <paramref name="least"/>.</summary>
    public static int Whole(string flag, string text, int least) =>
        int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) && value >= least ? value
            : throw new UsageException($"{flag} '{text}': it must be a whole number of at least {least}{(text.Length > 9 && text.All(char.IsAsciiDigit) ? $" and at most {int.MaxValue}" : "")}");

    /// <summary>A seed of 32 bits.</summary>
    public static uint Seed(string flag, string text) => uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value
        : throw new UsageException($"{flag} '{text}': it must be a whole number of at least 0 and at most {uint.MaxValue}");

    /// <summary>Threads, 1 to 1,024; null stays null.</summary>
    public static int? Threads(string flag, string? text) =>
        Positive(flag, text) is not > 1024 and var threads ? threads : throw new UsageException($"{flag} '{text}': it must be at most 1024; take the number of cores");

    /// <summary>A finite number.</summary>
    public static double Real(string flag, string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && double.IsFinite(value) ? value
            : throw new UsageException($"{flag} '{text}': it must be a number");
}
