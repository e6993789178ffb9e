using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using LST.Notebooks.Figures;

namespace LST.Notebooks.Tests.Figures;

/// <summary>The JSON of every figure from small arrays, held to approved files: what changes in a figure is seen in the change.</summary>
public sealed class FigureSnapshotTests
{
    private static readonly JsonSerializerOptions Readable = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static string Folder => Path.Combine(LST.Core.Tests.Shared.RepositoryRoot, "tests", "LST.Notebooks.Tests", "Figures", "Approved");

    public static TheoryData<string> Names => SampleFigures.SmallNames;

    [Theory]
    [MemberData(nameof(Names))]
    public void Figure_is_the_approved_one(string name)
    {
        var figure = SampleFigures.Of(name);
        var (approvedPath, receivedPath) = (Path.Combine(Folder, name + ".json"), Path.Combine(AppContext.BaseDirectory, "received", name + ".json"));

        var received = Lines(figure);

        // LST_APPROVE=1 takes what is drawn now as what is right; look at the change before it is committed.
        if (Environment.GetEnvironmentVariable("LST_APPROVE") == "1") File.WriteAllText(approvedPath, received);
        var approved = File.Exists(approvedPath) ? File.ReadAllText(approvedPath).ReplaceLineEndings("\n") : "";
        if (approved == received) return;
        Directory.CreateDirectory(Path.GetDirectoryName(receivedPath)!);
        File.WriteAllText(receivedPath, received);
        var (ours, theirs) = (received.Split('\n'), approved.Split('\n'));
        var line = Enumerable.Range(0, Math.Max(ours.Length, theirs.Length)).First(i => ours.ElementAtOrDefault(i) != theirs.ElementAtOrDefault(i));
        Assert.Fail($"'{name}' differs from its approved file in line {line + 1}.\napproved ({approvedPath}):\n{theirs.ElementAtOrDefault(line)}\nreceived ({receivedPath}):\n{ours.ElementAtOrDefault(line)}\nIf the new one is right, run this test with LST_APPROVE=1 and commit the file.");
    }

    // A line for each trace and each part of the layout: readable in a diff, and arrays do not take a line a number.
    private static string Lines(Figure figure)
    {
        var json = figure.ToPlotlyJson();
        var text = new StringBuilder($"{figure.Name} {figure.Width} x {figure.Height}\n{figure.Description}\n");
        foreach (var trace in json["data"]!.AsArray()) text.Append($"data: {trace!.ToJsonString(Readable)}\n");
        foreach (var (key, value) in json["layout"]!.AsObject()) text.Append($"layout.{key}: {value?.ToJsonString(Readable)}\n");
        return text.Append($"config: {json["config"]!.ToJsonString(Readable)}\n").ToString();
    }
}
