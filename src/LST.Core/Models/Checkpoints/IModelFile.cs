using static TorchSharp.torch;

namespace LST.Core.Models.Checkpoints;

/// <summary>One weight as it is stored.</summary>
/// <param name="Name">Hugging Face name, e.g. <c>model.layers.0.self_attn.q_proj.weight</c>, whatever the file calls it.</param>
/// <param name="Shape">Dimensions, outermost first: a projection is [out, in].</param>
/// <param name="Format">Storage format as the file names it: <c>F32</c>, <c>BF16</c>, <c>F16</c>, <c>Q4_1</c>, …</param>
/// <param name="StoredBytes">Bytes in the file.</param>
public sealed record WeightInfo(string Name, IReadOnlyList<long> Shape, string Format, long StoredBytes)
{
    /// <summary>Number of elements.</summary>
    public long Elements => Shape.Aggregate(1L, (product, size) => checked(product * size));
}

/// <summary>
/// An opened and checked model: a Hugging Face folder or a GGUF file. Opening reads headers only and enforces every structural rule;
/// weights are then read one by one from mapped memory. Names and row order are those of Hugging Face in both cases
/// (q and k rows half-split), and the set of weights is exactly what <see cref="Config"/> asks for.
/// </summary>
public interface IModelFile : IDisposable
{
    /// <summary>Folder or file that was opened, full path.</summary>
    string Path { get; }

    /// <summary>Name in paths and records: the folder's name, or <c>smollm2</c>-like short names as given by the resolver.</summary>
    string ShortName { get; }

    /// <summary>Shape of the model.</summary>
    ModelConfig Config { get; }

    /// <summary>Every weight that the model needs, in a stable order.</summary>
    IReadOnlyList<WeightInfo> Weights { get; }

    /// <summary>Metadata of a GGUF file (values: string, bool, long, double, ulong only above 2^63−1, or arrays string[], long[], double[], bool[]);
    /// empty for folders.</summary>
    IReadOnlyDictionary<string, object> Metadata { get; }

    /// <summary>sha256 over the weight file's bytes, lower-case hexadecimal (one file: its own hash; shards: the hash of their joined hexadecimal hashes, in
    /// ordinal order of the shards' names). Computed once, then remembered.</summary>
    string WeightsSha256();

    /// <summary>Reads one weight, cast to <paramref name="dtype"/> (float32, bfloat16 or float16) and placed on <paramref name="device"/>.</summary>
    /// <exception cref="ModelFileException">The weight is not in the file.</exception>
    Tensor Load(string name, ScalarType dtype, Device device);

    /// <summary>Lets the operating system drop the mapped pages that were read so far.</summary>
    void ReleasePages();
}
