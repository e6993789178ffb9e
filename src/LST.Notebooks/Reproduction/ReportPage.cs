using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using LST.Notebooks.Figures;
using Markdig;

namespace LST.Notebooks.Reproduction;

/// <summary>
/// Executed notebooks on one page that needs no server and no network: plotly.js once, figures as data that it draws when they come into view, tables, texts, code folded away, and the records with the
/// commands that make them again.
/// </summary>
internal static class ReportPage
{
    private static readonly MarkdownPipeline Markdown = new MarkdownPipelineBuilder().UsePipeTables().UseAutoLinks().Build();

    /// <summary>The page.</summary>
    /// <param name="root">Root of the checkout.</param>
    /// <param name="copies">Executed notebooks, relative to the root, in order.</param>
    /// <param name="inputs">What they were made from; run records among it are listed.</param>
    public static string Of(string root, IReadOnlyList<string> copies, IReadOnlyList<string> inputs)
    {
        var notebooks = copies.Select(copy => (Name: Path.GetFileNameWithoutExtension(copy), Json: JsonNode.Parse(File.ReadAllText(Path.Combine(root, copy)))!.AsObject())).ToList();
        var body = new StringBuilder();
        foreach (var (name, json) in notebooks) body.Append($"<section id=\"{Text(name)}\">\n").Append(Notebook(name, json)).Append("</section>\n");
        var links = string.Concat(notebooks.Select(notebook => $"<a href=\"#{Text(notebook.Name)}\">{Text(TitleOf(notebook.Json) ?? notebook.Name)}</a>\n"));
        return $"""
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>LST.Workbench: report</title>
            <style>
            {Style}
            </style>
            {FigureHtml.Library()}
            </head>
            <body>
            <nav>
            <strong>LST.Workbench</strong>
            {links}<a href="#records">Records</a>
            </nav>
            <main>
            {body}<section id="records">
            {RecordList.Of(root, inputs)}</section>
            </main>
            <script>
            {Script}
            </script>
            </body>
            </html>

            """;
    }

    private static string Notebook(string name, JsonObject notebook)
    {
        var html = new StringBuilder();
        foreach (var cell in notebook["cells"]!.AsArray().Select(cell => cell!.AsObject()))
        {
            var source = Joined(cell["source"]);
            if ((string?)cell["cell_type"] == "markdown") html.Append(Markdig.Markdown.ToHtml(source, Markdown));
            else
            {
                html.Append($"<details class=\"code\"><summary>code</summary><pre>{Text(source)}</pre></details>\n");
                var outputs = cell["outputs"]?.AsArray() ?? [];
                for (var i = 0; i < outputs.Count; i++) html.Append(Output($"{name}-{(string?)cell["id"]}-{i}", outputs[i]!.AsObject()));
            }
        }
        return html.ToString();
    }

    private static string Output(string id, JsonObject output)
    {
        if (output["text"] is { } stream) return $"<pre class=\"output\">{Text(Joined(stream))}</pre>\n";
        if (output["data"] is not JsonObject data) return "";
        if (data["application/vnd.plotly.v1+json"] is JsonObject figure)
            return $"""<div class="figure" id="{Text(id)}" role="img" aria-label="{Text(Joined(data["text/plain"]))}"></div><script type="application/json" data-for="{Text(id)}">{figure.ToJsonString().Replace("<", "\\u003c", StringComparison.Ordinal)}</script>""" + "\n";
        if (data["text/html"] is { } html) return $"<div class=\"output\">{Joined(html)}</div>\n";
        if (data["image/png"] is { } png) return $"<img alt=\"{Text(Joined(data["text/plain"]))}\" src=\"data:image/png;base64,{Joined(png).ReplaceLineEndings("")}\">\n";
        return data["text/plain"] is { } plain ? $"<pre class=\"output\">{Text(Joined(plain))}</pre>\n" : "";
    }

    // The first heading of the first text cell.
    private static string? TitleOf(JsonObject notebook) => notebook["cells"]!.AsArray().Where(cell => (string?)cell!["cell_type"] == "markdown")
        .SelectMany(cell => Joined(cell!["source"]).Split('\n')).FirstOrDefault(line => line.StartsWith("# ", StringComparison.Ordinal))?[2..].Trim();

    // nbformat allows a string and a list of its lines.
    private static string Joined(JsonNode? text) => text is JsonArray lines ? string.Concat(lines.Select(line => (string?)line)) : (string?)text ?? "";

    private static string Text(string text) => WebUtility.HtmlEncode(text);

    private const string Style = """
        body { margin: 0; font: 16px/1.55 system-ui, sans-serif; color: #1b1f24; background: #fff; display: flex; align-items: flex-start; }
        nav { position: sticky; top: 0; width: 14rem; flex: none; padding: 1.2rem; box-sizing: border-box; max-height: 100vh; overflow: auto; border-right: 1px solid #d8dee4; min-height: 100vh; }
        nav a { display: block; margin: .5rem 0; color: #0b5cad; text-decoration: none; } nav strong { display: block; margin-bottom: 1rem; }
        main { flex: 1; min-width: 0; max-width: 62rem; padding: 1rem 2rem 6rem; }
        section { border-bottom: 1px solid #d8dee4; padding-bottom: 2rem; margin-bottom: 2rem; }
        table { border-collapse: collapse; font-size: .9rem; margin: 1rem 0; display: block; overflow-x: auto; } th, td { padding: .25rem .6rem; border-bottom: 1px solid #d8dee4; text-align: left; }
        td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
        pre { background: #f6f8fa; padding: .7rem; overflow-x: auto; font-size: .85rem; } pre.output { background: none; border-left: 3px solid #d8dee4; white-space: pre-wrap; }
        details.code summary { color: #57606a; cursor: pointer; font-size: .85rem; } code { font-size: .9em; } .figure, .output { overflow-x: auto; } img { max-width: 100%; }
        @media (max-width: 60rem) { body { display: block; } nav { position: static; width: auto; min-height: 0; border: 0; } }
        """;

    private const string Script = """
        const room = 26; // Above a figure, for the buttons that plotly.js would lay over its title.
        const draw = (place) => {
          if (place.dataset.drawn) return;
          place.dataset.drawn = "1";
          const figure = JSON.parse(document.querySelector(`script[data-for="${CSS.escape(place.id)}"]`).textContent);
          const inner = document.createElement("div");
          inner.style.cssText = `position:relative;padding-top:${room}px`;
          place.append(inner);
          Plotly.newPlot(inner, figure.data, figure.layout, { ...figure.config, displaylogo: false, displayModeBar: "hover" }).then(() => {
            const bar = inner.querySelector(".modebar-container");
            if (bar) bar.style.top = `-${room}px`;
          });
        };
        const places = [...document.querySelectorAll(".figure")];
        for (const place of places) {
          const figure = JSON.parse(document.querySelector(`script[data-for="${CSS.escape(place.id)}"]`).textContent);
          place.style.minHeight = (figure.layout.height || 450) + room + "px";
        }
        const seen = new IntersectionObserver((entries) => entries.filter((e) => e.isIntersecting).forEach((e) => draw(e.target)), { rootMargin: "600px" });
        places.forEach((place) => seen.observe(place));
        addEventListener("beforeprint", () => places.forEach(draw));
        """;
}
