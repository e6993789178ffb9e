using System.Text;

namespace LST.Notebooks.Display;

/// <summary>Which side of its column a cell stands at.</summary>
internal enum Side
{
    /// <summary>Words.</summary>
    Left,

    /// <summary>Numbers.</summary>
    Right,
}

/// <summary>A table of texts that can be shown as HTML and as aligned plain text.</summary>
/// <param name="Title">What it is, one line; empty: none.</param>
/// <param name="Columns">Headings and sides.</param>
/// <param name="Rows">As many texts a row as there are columns.</param>
/// <param name="Note">What a reader must know of it, such as rows that are left out; empty: nothing.</param>
internal sealed record Table(string Title, IReadOnlyList<(string Heading, Side Side)> Columns, IReadOnlyList<IReadOnlyList<string>> Rows, string Note = "")
{
    /// <summary>A table of names and values.</summary>
    public static Table OfPairs(string title, params (string Name, string Value)[] pairs) =>
        new(title, [("", Side.Left), ("", Side.Left)], [.. pairs.Select(pair => (IReadOnlyList<string>)[pair.Name, pair.Value])]);

    public string Html()
    {
        var html = new StringBuilder("<div>");
        if (Title.Length > 0) html.Append("<p><b>").Append(Visible.Html(Title)).Append("</b></p>");
        html.Append("<table>");
        if (Columns.Any(column => column.Heading.Length > 0)) Row(html, "thead", "th", [.. Columns.Select(column => column.Heading)]);
        html.Append("<tbody>");
        foreach (var row in Rows) Row(html, null, "td", row);
        html.Append("</tbody></table>");
        if (Note.Length > 0) html.Append("<p><i>").Append(Visible.Html(Note)).Append("</i></p>");
        return html.Append("</div>").ToString();
    }

    public string Text()
    {
        var headings = Columns.Any(column => column.Heading.Length > 0) ? [.. Columns.Select(column => column.Heading)] : Array.Empty<string>();
        var lines = new[] { headings }.Where(line => line.Length > 0).Concat(Rows).Select(row => row.Select(Visible.Text).ToArray()).ToList();
        var widths = Columns.Select((_, column) => lines.Count == 0 ? 0 : lines.Max(line => line[column].Length)).ToArray();
        var text = new StringBuilder();
        if (Title.Length > 0) text.Append(Visible.Text(Title)).Append('\n');
        foreach (var line in lines)
            text.Append(string.Join("  ", line.Select((cell, column) => Columns[column].Side == Side.Right ? cell.PadLeft(widths[column]) : cell.PadRight(widths[column]))).TrimEnd()).Append('\n');
        if (Note.Length > 0) text.Append(Visible.Text(Note)).Append('\n');
        return text.ToString().TrimEnd('\n');
    }

    private void Row(StringBuilder html, string? group, string tag, IReadOnlyList<string> cells)
    {
        if (group is not null) html.Append('<').Append(group).Append('>');
        html.Append("<tr>");
        for (var column = 0; column < cells.Count; column++)
            html.Append('<').Append(tag).Append(" style=\"text-align:").Append(Columns[column].Side == Side.Right ? "right" : "left").Append("\">")
                .Append(Visible.Html(cells[column])).Append("</").Append(tag).Append('>');
        html.Append("</tr>");
        if (group is not null) html.Append("</").Append(group).Append('>');
    }
}
