using LST.Core.Models;

namespace LST.Core.Compression;

/// <summary>The model that a method is about to work on, for methods that are made for one model.</summary>
/// <param name="Name">Short name.</param>
/// <param name="WeightsSha256">Digest of the weights, where it is known.</param>
/// <param name="Config">Shape.</param>
public sealed record ModelTarget(string Name, string? WeightsSha256, ModelConfig Config);
