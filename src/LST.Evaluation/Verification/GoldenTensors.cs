using LST.Core.Models.Checkpoints;
using static TorchSharp.torch;

namespace LST.Evaluation.Verification;

/// <summary>Named reference tensors of a safetensors file, as tensors of the current dispose scope or plain arrays.</summary>
internal sealed class GoldenTensors(string path, string prefix = "") : IDisposable
{
    private readonly SafetensorsFile file = SafetensorsFile.Open(path);

    public bool Has(string name) => file.Entries.ContainsKey(prefix + name);

    public IEnumerable<string> Names => file.Entries.Keys.Where(key => key.StartsWith(prefix, StringComparison.Ordinal)).Select(key => key[prefix.Length..]);

    public Tensor Float(string name) => file.ReadTensor(prefix + name, float32);

    public Tensor Double(string name) => file.ReadTensor(prefix + name).to(float64);

    public Tensor Long(string name) => file.ReadTensor(prefix + name).to(int64);

    public long[] Longs(string name)
    {
        using var tensor = Long(name);
        return tensor.data<long>().ToArray();
    }

    public float[] Floats(string name)
    {
        using var tensor = Float(name).contiguous();
        return tensor.data<float>().ToArray();
    }

    public byte[] Bytes(string name) => file.Bytes(prefix + name).ToArray();

    public void Dispose() => file.Dispose();
}
