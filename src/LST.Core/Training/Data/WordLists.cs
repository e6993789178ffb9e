using System.Text;

namespace LST.Core.Training.Data;

/// <summary>
/// English word lists for keys and values of generated text, inside the assembly: those of the package wonderwords (MIT licence, Maxim Rebguns 2020), byte
/// for byte.
/// Words are trimmed and in the order of the files; a few hold a hyphen or a space.
/// </summary>
public static class WordLists
{
    private static readonly Lazy<IReadOnlyList<string>> LoadedAdjectives = new(() => Words("adjectives.txt"));
    private static readonly Lazy<IReadOnlyList<string>> LoadedNouns = new(() => Words("nouns.txt"));
    private static readonly Lazy<IReadOnlyList<string>> LoadedVerbs = new(() => Words("verbs.txt"));

    /// <summary>912 adjectives.</summary>
    public static IReadOnlyList<string> Adjectives => LoadedAdjectives.Value;

    /// <summary>6,782 nouns.</summary>
    public static IReadOnlyList<string> Nouns => LoadedNouns.Value;

    /// <summary>1,042 verbs.</summary>
    public static IReadOnlyList<string> Verbs => LoadedVerbs.Value;

    /// <summary>The licence of the lists.</summary>
    public static string Licence => Encoding.UTF8.GetString(Bytes("LICENSE.txt"));

    /// <summary>The bytes of one of the files <c>adjectives.txt</c>, <c>nouns.txt</c>, <c>verbs.txt</c>, <c>LICENSE.txt</c>.</summary>
    internal static byte[] Bytes(string file)
    {
        using var stream = typeof(WordLists).Assembly.GetManifestResourceStream($"wordlists/{file}")
            ?? throw new InvalidOperationException($"the assembly was built without its word list {file}");
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }

    private static string[] Words(string file) =>
        [.. Encoding.UTF8.GetString(Bytes(file)).Split('\n').Select(word => word.Trim()).Where(word => word.Length > 0)];
}
