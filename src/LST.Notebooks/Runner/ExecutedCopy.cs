using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using LST.Evaluation.Records;

namespace LST.Notebooks.Runner;

/// <summary>What was written for one run.</summary>
/// <param name="Notebook">The executed copy, or what there is of a failed one.</param>
/// <param name="Pictures">Pictures that were written beside it.</param>
/// <param name="Warnings">Sizes above the limits of a gallery, one sentence each.</param>
public sealed record WrittenCopy(string Notebook, IReadOnlyList<string> Pictures, IReadOnlyList<string> Warnings);

/// <summary>Executed copies in their folder: <c>NAME.ipynb</c>, its pictures in <c>NAME/</c>, and <c>NAME.failed.ipynb</c> for a run that failed, which never takes the place of a good copy.</summary>
public static class ExecutedCopy
{
    /// <summary>Id of the footer cell.</summary>
    public const string FooterId = "lst-provenance";

    /// <summary>Most bytes of an executed copy.</summary>
    public const int MostCopyBytes = 1_000_000;

    /// <summary>Most bytes of one figure's JSON.</summary>
    public const int MostFigureBytes = 1_000_000;

    /// <summary>Most bytes of one picture.</summary>
    public const int MostPictureBytes = 150_000;

    /// <summary>Digest of the source that an executed copy was made from; null: the copy does not say.</summary>
    public static string? SourceSha256(NotebookFile copy) => copy.Json["metadata"]?["lst"]?["source_sha256"]?.GetValue<string>();

    /// <summary>Writes what a run left.</summary>
    /// <param name="run">The run.</param>
    /// <param name="folder">Where executed copies lie.</param>
    public static WrittenCopy Write(NotebookRun run, string folder)
    {
        var name = run.Source.Name;
        var failed = Path.Combine(folder, $"{name}.failed.ipynb");
        var copy = run.Executed;
        AddProvenance(run);
        if (run.Failure is not null)
        {
            copy.Write(failed);
            return new WrittenCopy(failed, [], []);
        }
        var pictures = Pictures(copy).ToList();
        foreach (var (file, png) in pictures) AtomicFile.Write(Path.Combine(folder, name, file), png);
        RemoveOtherPictures(Path.Combine(folder, name), [.. pictures.Select(picture => picture.File)]);
        var path = Path.Combine(folder, $"{name}.ipynb");
        copy.Write(path);
        File.Delete(failed);
        return new WrittenCopy(path, [.. pictures.Select(picture => Path.Combine(folder, name, picture.File))], Warnings(copy, pictures));
    }

    private static void AddProvenance(NotebookRun run)
    {
        var versions = MachineInfo.Versions();
        var device = Workbench.Device;
        var commit = versions.Commit + (versions.Dirty == true ? " (with changes)" : "");
        var json = run.Executed.Json;
        json["metadata"]!["lst"] = new JsonObject
        {
            ["source_sha256"] = run.Source.ContentSha256, ["commit"] = versions.Commit, ["dirty"] = versions.Dirty, ["device"] = device, ["seconds"] = Math.Round(run.Elapsed.TotalSeconds, 1),
            ["read"] = new JsonArray([.. run.Read.Select(name => (JsonNode)name)]), ["texts"] = new JsonArray([.. run.Texts.Select(name => (JsonNode)name)]),
        };
        var cells = json["cells"]!.AsArray();
        foreach (var footer in cells.Where(cell => cell!["id"]!.GetValue<string>() == FooterId).ToList()) cells.Remove(footer);
        string[] all = [.. run.Read.Select(Quoted), .. run.Texts.Select(text => "text " + Quoted(text))];
        var read = all.Length == 0 ? "" : $" It read {string.Join(", ", all)}.";
        cells.Add(NotebookFile.NewCell("markdown", FooterId, string.Create(CultureInfo.InvariantCulture,
            $"---\nExecuted by `./lst notebook run` from commit `{commit}`, source `{run.Source.ContentSha256[..16]}`, on {device}, in {run.Elapsed.TotalSeconds:0.0} s.{read} Do not edit this copy: edit the source and run it again.")));
    }

    private static string Quoted(string what) => $"`{what.Replace('`', '\'')}`";

    private static IEnumerable<(string File, byte[] Png)> Pictures(NotebookFile copy)
    {
        foreach (var cell in copy.Cells.Where(cell => cell.IsCode))
        {
            var number = 0;
            foreach (var output in cell.Json["outputs"]!.AsArray())
            {
                if (output!["data"]?["image/png"] is not { } value || NotebookJson.Text(value) is not { } base64) continue;
                var png = new byte[base64.Length];
                if (!Convert.TryFromBase64String(base64.Replace("\n", ""), png, out var length)) continue;
                number++;
                yield return ($"{cell.Id}{(number == 1 ? "" : $"-{number}")}.png", png[..length]);
            }
        }
    }

    // Pictures of cells that are gone would stay in the gallery for ever.
    private static void RemoveOtherPictures(string folder, HashSet<string> kept)
    {
        if (!Directory.Exists(folder)) return;
        foreach (var file in Directory.GetFiles(folder, "*.png").Where(file => !kept.Contains(Path.GetFileName(file)))) File.Delete(file);
        if (!Directory.EnumerateFileSystemEntries(folder).Any()) Directory.Delete(folder);
    }

    private static IReadOnlyList<string> Warnings(NotebookFile copy, IReadOnlyList<(string File, byte[] Png)> pictures)
    {
        var warnings = new List<string>();
        var bytes = System.Text.Encoding.UTF8.GetByteCount(copy.Format());
        if (bytes > MostCopyBytes) warnings.Add($"the copy of '{copy.Name}' has {bytes / 1000} KB, a gallery copy should have at most {MostCopyBytes / 1000}: draw less or smaller figures");
        foreach (var (file, png) in pictures)
            if (png.Length > MostPictureBytes) warnings.Add($"picture '{file}' of '{copy.Name}' has {png.Length / 1000} KB, it should have at most {MostPictureBytes / 1000}: make the figure smaller");
        foreach (var cell in copy.Cells.Where(cell => cell.IsCode))
            foreach (var output in cell.Json["outputs"]!.AsArray())
                if (output!["data"]?["application/vnd.plotly.v1+json"] is { } figure && figure.GetValueKind() != JsonValueKind.Null && figure.ToJsonString().Length is > MostFigureBytes and var size)
                    warnings.Add($"the figure of cell '{cell.Id}' of '{copy.Name}' has {size / 1000} KB, it should have at most {MostFigureBytes / 1000}: window or bin its data");
        return warnings;
    }
}
