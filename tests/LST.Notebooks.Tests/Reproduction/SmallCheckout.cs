using System.Text.Json.Nodes;
using LST.Core;
using LST.Notebooks.Reproduction;

namespace LST.Notebooks.Tests.Reproduction;

/// <summary>A checkout of a few notebooks in a temporary folder, whose runs only say what they were made from.</summary>
internal sealed class SmallCheckout : IReproductionWork, IDisposable
{
    public const string Record = "data/results/ppl/ppl-a-00000000.json";

    public SmallCheckout(params string[] notebooks)
    {
        Write(Record, """{ "id": "ppl-a-00000000", "command": "./lst eval ppl --text '<a>'", "created": "2026-01-01T00:00:00Z", "versions": { "commit": "0123456789abcdef" } }""");
        foreach (var name in notebooks) Write($"notebooks/{name}.ipynb", $"source of {name}");
    }

    public string Root { get; } = Directory.CreateTempSubdirectory("lst-reproduction-").FullName;

    /// <summary>Notebooks in the order in which they were run.</summary>
    public List<string> Ran { get; } = [];

    /// <summary>Fails in front of this notebook, once.</summary>
    public string? FailsAt { get; set; }

    public Reproducer Reproducer() => new(Root, this, new LST.Evaluation.SilentProgress());

    public void Write(string relative, string text)
    {
        var path = Path.Combine(Root, relative);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
    }

    public string Read(string relative) => File.ReadAllText(Path.Combine(Root, relative));

    public Task<ExecutedFiles> Execute(string notebook, CancellationToken cancel)
    {
        var name = Path.GetFileNameWithoutExtension(notebook);
        if (FailsAt == name)
        {
            FailsAt = null;
            throw new DataException($"{notebook} failed");
        }
        Ran.Add(name);
        var (copy, picture) = ($"figures/{name}.ipynb", $"figures/{name}/figure.png");
        Write(copy, Executed(name, Read(notebook)).ToJsonString());
        Write(picture, $"picture of {Read(notebook)} and {Read(Record)}");
        return Task.FromResult(new ExecutedFiles([Record], [copy, picture]));
    }

    public Task Command(IReadOnlyList<string> arguments, string results, CancellationToken cancel) => throw new NotSupportedException();

    public void Dispose() => Directory.Delete(Root, recursive: true);

    private static JsonObject Executed(string name, string source) => new()
    {
        ["cells"] = new JsonArray(
            new JsonObject { ["cell_type"] = "markdown", ["id"] = "title", ["source"] = $"# Title of {name} & more\n\nA *claim*." },
            new JsonObject
            {
                ["cell_type"] = "code", ["id"] = "figure", ["source"] = new JsonArray("var x = 1 < 2;\n", source),
                ["outputs"] = new JsonArray(new JsonObject
                {
                    ["output_type"] = "display_data",
                    ["data"] = new JsonObject
                    {
                        ["application/vnd.plotly.v1+json"] = new JsonObject
                        {
                            ["data"] = new JsonArray(new JsonObject { ["type"] = "bar", ["y"] = new JsonArray(1, 2), ["text"] = new JsonArray("</script><b>", "b") }),
                            ["layout"] = new JsonObject { ["height"] = 300 }, ["config"] = new JsonObject(),
                        },
                        ["text/plain"] = $"Two bars of {name}.",
                    },
                }),
            }),
    };
}
