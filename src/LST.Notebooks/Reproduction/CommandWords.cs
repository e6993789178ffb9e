using System.Text;

namespace LST.Notebooks.Reproduction;

/// <summary>The command of a record as arguments again: words as a shell reads them, with the single quotes that <c>CommandText</c> writes.</summary>
internal static class CommandWords
{
    /// <summary>Arguments behind <c>./lst</c>.</summary>
    public static IReadOnlyList<string> Of(string command)
    {
        List<string> words = [];
        var word = new StringBuilder();
        var (isQuoted, isOpen) = (false, false);
        for (var i = 0; i < command.Length; i++)
        {
            var c = command[i];
            if (c == '\'') (isQuoted, isOpen) = (!isQuoted, true);
            else if (c == '\\' && !isQuoted && i + 1 < command.Length) word.Append(command[++i]);
            else if (c == ' ' && !isQuoted)
            {
                if (isOpen || word.Length > 0) words.Add(word.ToString());
                word.Clear();
                isOpen = false;
            }
            else word.Append(c);
        }
        if (isOpen || word.Length > 0) words.Add(word.ToString());
        return words is ["./lst", .. var rest] ? rest : words;
    }
}
