using LST.Core.Compression.Online;
using LST.Core.Models;
using LST.Core.Tests.Models;
using static TorchSharp.torch;

namespace LST.Core.Tests.Compression.Online;

/// <summary>Keys and values that a test gives to the layers of a cache in place of the model's. Lives in a dispose scope of the test.</summary>
internal sealed class GivenRows
{
    private readonly (Tensor Keys, Tensor Values)[] layers;

    public GivenRows(LanguageModel model, int batch, int tokens, int seed)
    {
        var normal = new NormalNumbers(seed);
        var config = model.Config;
        long[] shape = [batch, config.KeyValueHeads, tokens, config.HeadDim];
        Tensor Draw() => tensor(normal.Array(shape.Aggregate((a, b) => a * b)), shape).to(model.Dtype);
        layers = [.. Enumerable.Range(0, config.Layers).Select(_ => (Draw(), Draw()))];
        Tokens = tokens;
    }

    public int Tokens { get; }

    /// <summary>Post-RoPE keys and values [H_kv, T, D].</summary>
    public (Tensor Keys, Tensor Values) Of(int layer, int sample) => (layers[layer].Keys[sample], layers[layer].Values[sample]);

    /// <summary>Appends all tokens in portions and compresses after each.</summary>
    public void Feed(OnlineCompression online, int portion, Action? afterStep = null)
    {
        for (var done = 0; done < Tokens; done += portion)
        {
            var count = Math.Min(portion, Tokens - done);
            using (NewDisposeScope())
                for (var l = 0; l < layers.Length; l++)
                    online.Cache.Layers[l].Tail.Append(layers[l].Keys.narrow(2, done, count), layers[l].Values.narrow(2, done, count));
            online.Cache.Advance(count);
            online.Compress(count);
            afterStep?.Invoke();
        }
    }
}
