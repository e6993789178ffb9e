namespace LST.Evaluation.Records.Query;

/// <summary>What a piece of SQL is, as far as a check of statements needs to know.</summary>
internal enum SqlTokenKind
{
    /// <summary>A keyword or a name, quoted names without their quotation marks.</summary>
    Word,

    /// <summary>A text or a number.</summary>
    Literal,

    /// <summary>One other character.</summary>
    Sign,
}

/// <summary>A piece of SQL; comments and spaces are none.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Text">Its text; of a literal nothing.</param>
internal readonly record struct SqlToken(SqlTokenKind Kind, string Text)
{
    public bool Is(char sign) => Kind == SqlTokenKind.Sign && Text[0] == sign;
}

/// <summary>Splits SQL as DuckDB's parser does: texts in all their quotations, nested comments, quoted names.</summary>
internal static class SqlTokens
{
    public static IEnumerable<SqlToken> Of(string sql)
    {
        for (var at = 0; at < sql.Length;)
        {
            var (c, next) = (sql[at], at + 1 < sql.Length ? sql[at + 1] : '\0');
            if (char.IsWhiteSpace(c)) at++;
            else if (c == '-' && next == '-') at = LineEnd(sql, at);
            else if (c == '/' && next == '*') at = CommentEnd(sql, at);
            else if (c == '\'' || (c is 'e' or 'E' && next == '\''))
            {
                at = c == '\'' ? QuoteEnd(sql, at + 1, '\'') : QuoteEnd(sql, at + 2, '\'', escape: '\\');
                yield return new SqlToken(SqlTokenKind.Literal, "");
            }
            else if (c == '"')
            {
                var end = QuoteEnd(sql, at + 1, '"');
                yield return new SqlToken(SqlTokenKind.Word, sql[(at + 1)..Math.Max(at + 1, end - 1)].Replace("\"\"", "\"", StringComparison.Ordinal));
                at = end;
            }
            else if (c == '$' && DollarEnd(sql, at) is { } dollar)
            {
                at = dollar;
                yield return new SqlToken(SqlTokenKind.Literal, "");
            }
            else if (IsName(c))
            {
                var end = at + 1;
                while (end < sql.Length && (IsName(sql[end]) || sql[end] == '$')) end++;
                yield return new SqlToken(char.IsAsciiDigit(c) ? SqlTokenKind.Literal : SqlTokenKind.Word, sql[at..end]);
                at = end;
            }
            else
            {
                yield return new SqlToken(SqlTokenKind.Sign, sql[at..++at]);
            }
        }
    }

    private static bool IsName(char c) => char.IsAsciiLetterOrDigit(c) || c == '_' || c > '\u007f';

    private static int LineEnd(string sql, int at)
    {
        var end = sql.AsSpan(at).IndexOfAny('\n', '\r');
        return end < 0 ? sql.Length : at + end;
    }

    private static int CommentEnd(string sql, int at)
    {
        var depth = 0;
        while (at < sql.Length)
        {
            if (sql.AsSpan(at).StartsWith("/*")) (depth, at) = (depth + 1, at + 2);
            else if (sql.AsSpan(at).StartsWith("*/")) (depth, at) = (depth - 1, at + 2);
            else at++;
            if (depth == 0) break;
        }
        return at;
    }

    // Behind the closing mark; a doubled mark is one inside.
    private static int QuoteEnd(string sql, int at, char mark, char? escape = null)
    {
        for (; at < sql.Length; at++)
        {
            if (sql[at] == escape) at++;
            else if (sql[at] == mark && !(at + 1 < sql.Length && sql[at + 1] == mark)) return at + 1;
            else if (sql[at] == mark) at++;
        }
        return sql.Length;
    }

    // $$…$$ and $tag$…$tag$; null: a parameter such as $1.
    private static int? DollarEnd(string sql, int at)
    {
        var close = sql.IndexOf('$', at + 1);
        if (close < 0) return null;
        var tag = sql[at..(close + 1)];
        if (tag.Length > 2 && (char.IsAsciiDigit(tag[1]) || !tag[1..^1].All(IsName))) return null;
        var end = sql.IndexOf(tag, close + 1, StringComparison.Ordinal);
        return end < 0 ? sql.Length : end + tag.Length;
    }
}
