using Spectre.Console.Cli;

namespace LST.Cli.Help;

/// <summary>What the parser of the command line did not understand, as one sentence that ends with the help to look at.</summary>
internal static class UsageSentence
{
    /// <summary>The sentence for an error of the parser.</summary>
    /// <param name="problem">What the parser says.</param>
    /// <param name="arguments">The arguments as they were given.</param>
    /// <param name="groups">First words that only hold other commands.</param>
    public static string Of(CommandAppException problem, IReadOnlyList<string> arguments, IReadOnlyList<string> groups)
    {
        string[] words = [.. arguments.TakeWhile(argument => !argument.StartsWith('-'))];
        var depth = words.Length > 0 && groups.Contains(words[0]) ? 2 : 1;
        var message = problem.Message.Trim().TrimEnd('.');
        const string unknown = "Unknown command '";
        if (!message.StartsWith(unknown, StringComparison.Ordinal)) return $"{Lower(message)}; see {Help(words.Take(depth))}";

        // The parser calls every word that it cannot place a command.
        var word = message[unknown.Length..].TrimEnd('\'');
        var place = Array.IndexOf(words, word);
        if (place >= 0 && place < depth) return $"{Lower(message)}; see {Help(words.Take(place))}";
        return $"'{string.Join(' ', words.Take(depth))}' cannot use '{word}': options begin with --, and a text with spaces stands in quotation marks; see {Help(words.Take(depth))}";
    }

    private static string Help(IEnumerable<string> command) => string.Join(' ', command.Prepend("./lst").Append("--help"));

    private static string Lower(string message) => char.ToLowerInvariant(message[0]) + message[1..];
}
