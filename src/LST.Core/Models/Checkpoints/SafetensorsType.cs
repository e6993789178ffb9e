using static TorchSharp.torch;

namespace LST.Core.Models.Checkpoints;

/// <summary>The element types of safetensors files that we read: name in the file, torch type, bytes per element.</summary>
internal sealed record SafetensorsType(string Name, ScalarType Scalar, int Bytes)
{
    private static readonly SafetensorsType[] All =
    [
        new("F64", ScalarType.Float64, 8), new("F32", ScalarType.Float32, 4), new("F16", ScalarType.Float16, 2), new("BF16", ScalarType.BFloat16, 2),
        new("I64", ScalarType.Int64, 8), new("I32", ScalarType.Int32, 4), new("I16", ScalarType.Int16, 2), new("I8", ScalarType.Int8, 1),
        new("U8", ScalarType.Byte, 1), new("BOOL", ScalarType.Bool, 1),
    ];

    public static string Known { get; } = string.Join(", ", All.Select(type => type.Name));

    public static SafetensorsType? Find(string name) => Array.Find(All, type => type.Name == name);

    public static SafetensorsType? Find(ScalarType scalar) => Array.Find(All, type => type.Scalar == scalar);

    public static int BytesOf(ScalarType scalar) => Find(scalar)?.Bytes ?? throw new ArgumentException($"{scalar} has no place in a model"
        + " file", nameof(scalar));
}
