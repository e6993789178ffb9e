using System.Reflection;
using LST.Core;
using Spectre.Console.Cli;

namespace LST.Cli.Help;

/// <summary>
/// Options that stand without their value. The parser fills in a word of its own there, and the command would run with it: they are refused before.
/// </summary>
internal static class OptionValues
{
    // Every option of every command that takes a value, with the name of the value: --json, OUT.
    private static readonly Dictionary<string, string> ValueOfOption = new(
        from settings in typeof(OptionValues).Assembly.GetTypes()
        where typeof(CommandSettings).IsAssignableFrom(settings)
        from property in settings.GetProperties(BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly)
        let option = property.GetCustomAttribute<CommandOptionAttribute>()
        where option?.ValueName is { Length: > 0 }
        from name in option.LongNames
        select KeyValuePair.Create($"--{name}", option.ValueName!) into pair
        group pair by pair.Key into same
        select same.First());

    // Options that are flags of one command, though others give them a value: --json of records show. Commands are called by their words: RecordsShowCommand.
    private static readonly HashSet<(string Command, string Option)> Flags =
    [
        .. from settings in typeof(OptionValues).Assembly.GetTypes()
           where typeof(CommandSettings).IsAssignableFrom(settings) && settings.DeclaringType is not null
           from property in settings.GetProperties(BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly)
           let option = property.GetCustomAttribute<CommandOptionAttribute>()
           where option is { ValueName: null or "" }
           from name in option.LongNames
           select (settings.DeclaringType!.Name.ToLowerInvariant(), $"--{name}"),
    ];

    /// <summary>Checks that a value follows every option that needs one.</summary>
    /// <param name="arguments">With hyphens.</param>
    /// <exception cref="UsageException">The line ends there, or another option follows.</exception>
    public static void Require(IReadOnlyList<string> arguments)
    {
        string[] words = [.. arguments.TakeWhile(argument => !argument.StartsWith('-')).Take(2)];
        for (var i = 0; i < arguments.Count; i++)
        {
            if (!ValueOfOption.TryGetValue(arguments[i], out var value)) continue;
            if (Flags.Contains(($"{string.Concat(words)}command".ToLowerInvariant(), arguments[i])) || (words.Length > 0 && Flags.Contains(($"{words[0]}command".ToLowerInvariant(), arguments[i])))) continue;
            var next = i + 1 < arguments.Count ? arguments[i + 1] : null;
            if (next is null || next.StartsWith("--", StringComparison.Ordinal))
                throw new UsageException($"{arguments[i]} needs a value, found {(next is null ? "the end of the line" : $"'{next}'")}; write {arguments[i]} {value}, or {arguments[i]}={value} where it begins with --");
            i++;
        }
    }
}
