namespace LST.Core.Models.Checkpoints;

/// <summary>Where a model lies.</summary>
/// <param name="Path">Folder or GGUF file, full path.</param>
/// <param name="ShortName">Name in paths and records: <c>lst-ref</c>, <c>smollm2</c>, or the folder's or file's own.</param>
public sealed record ModelLocation(string Path, string ShortName);
