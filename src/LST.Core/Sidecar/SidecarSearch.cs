using System.Globalization;
using LST.Core.Compression;
using LST.Core.Models.Checkpoints;

namespace LST.Core.Sidecar;

/// <summary>Where the sidecars of a model lie: <c>&lt;folder&gt;/&lt;model&gt;/&lt;preset&gt;-&lt;r&gt;x.safetensors</c>.</summary>
/// <param name="Folders">Sidecar folders in the order of the search.</param>
public sealed record SidecarSearch(IReadOnlyList<string> Folders)
{
    /// <summary>On this machine: <c>LST_SIDECARS</c>, the project's <c>data/sidecars</c>, <c>sidecars</c> in <c>LST_DATA</c>.</summary>
    public static SidecarSearch OfThisProcess()
    {
        List<string> folders = [];
        if (Environment.GetEnvironmentVariable("LST_SIDECARS") is { Length: > 0 } own) folders.Add(own);
        if (ModelSearch.OfThisProcess().RepositoryRoot is { } root) folders.Add(Path.Combine(root, "data", "sidecars"));
        if (Environment.GetEnvironmentVariable("LST_DATA") is { Length: > 0 } data) folders.Add(Path.Combine(data, "sidecars"));
        return new SidecarSearch(folders);
    }

    /// <summary>File name of a preset at a ratio, e.g. <c>lst-2x.safetensors</c>, <c>lst-1.5x.safetensors</c>.</summary>
    public static string FileName(string preset, Ratio ratio) => string.Create(CultureInfo.InvariantCulture, $"{preset}-{ratio.Value:0.###}x.safetensors");

    /// <summary>The file of a preset for a model and ratio, or null.</summary>
    public string? Find(string model, string preset, Ratio ratio) =>
        Folders.Select(folder => Path.Combine(folder, model, FileName(preset, ratio))).FirstOrDefault(File.Exists);

    /// <summary>As <see cref="Find"/>, or a sentence that says how to make one.</summary>
    /// <exception cref="SidecarException">There is none.</exception>
    public string Require(string model, string preset, Ratio ratio) => Find(model, preset, ratio) ?? throw new SidecarException(
        $"there is no sidecar '{preset}' for model '{model}' at {ratio}:1 ({model}/{FileName(preset, ratio)} in {(Folders.Count == 0 ? "no folder" : string.Join(", ", Folders))}); "
        + $"make one with ./lst train --model {model} --preset {preset} --window-size {ratio}, name a file with --sidecar, or leave lst out");
}
