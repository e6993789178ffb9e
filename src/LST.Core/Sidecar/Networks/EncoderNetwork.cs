using static TorchSharp.torch;

namespace LST.Core.Sidecar.Networks;

/// <summary>
/// The preset <c>paper</c>: [k; v] of each token → linear → + learned position → transformer encoder, bidirectional inside the window → attention pooling
/// with a learned query for each super-token → linear → differences of key and value. One network for all layers and heads. Norms stand before each
/// part, the feed-forward part is 4h wide with GELU, there is no dropout: the paper leaves these open.
/// </summary>
internal sealed class EncoderNetwork(SidecarConfig config) : ISuperTokenNetwork
{
    /// <inheritdoc/>
    public IReadOnlyList<ParameterShape> Shapes { get; } = Describe(config);

    private static IReadOnlyList<ParameterShape> Describe(SidecarConfig config)
    {
        var (h, width, f) = ((long)config.Hidden, 2L * config.Model.HeadDim, (long)config.FeedForward * config.Hidden);
        List<ParameterShape> shapes =
        [
            new("input.weight", [width, h], width), new("input.bias", [h], 0),
            new("position.embedding", [config.SeenTokens, h], h),
        ];
        for (var l = 0; l < config.EncoderLayers; l++)
            shapes.AddRange(
            [
                new($"encoder.{l}.attention.norm.weight", [h], -1), new($"encoder.{l}.attention.norm.bias", [h], 0),
                new($"encoder.{l}.attention.in.weight", [h, 3 * h], h), new($"encoder.{l}.attention.in.bias", [3 * h], 0),
                new($"encoder.{l}.attention.out.weight", [h, h], h), new($"encoder.{l}.attention.out.bias", [h], 0),
                new($"encoder.{l}.feed.norm.weight", [h], -1), new($"encoder.{l}.feed.norm.bias", [h], 0),
                new($"encoder.{l}.feed.in.weight", [h, f], h), new($"encoder.{l}.feed.in.bias", [f], 0),
                new($"encoder.{l}.feed.out.weight", [f, h], f), new($"encoder.{l}.feed.out.bias", [h], 0),
            ]);
        shapes.AddRange(
        [
            new("pool.norm.weight", [h], -1), new("pool.norm.bias", [h], 0),
            new("pool.query", [config.SuperTokens, h], h),
            new("pool.in.weight", [h, 2 * h], h), new("pool.in.bias", [2 * h], 0),
            new("pool.out.weight", [h, h], h), new("pool.out.bias", [h], 0),
            new("output.weight", [h, width], 0), new("output.bias", [width], 0),
        ]);
        return shapes;
    }

    /// <inheritdoc/>
    public WindowOutputs Forward(IReadOnlyDictionary<string, Tensor> parameters, int layer, Tensor inputs, WindowBatch batch)
    {
        var (m, headDim, h, heads) = (config.SuperTokens, config.Model.HeadDim, config.Hidden, config.EncoderHeads);
        var (windows, seen) = (batch.Windows, config.SeenTokens);
        Tensor Linear(Tensor x, string name) => matmul(x, parameters[name + ".weight"]) + parameters[name + ".bias"];
        Tensor Norm(Tensor x, string name) => nn.functional.layer_norm(x, [h], parameters[name + ".weight"], parameters[name + ".bias"]);
        Tensor Heads(Tensor x) => x.view(x.shape[0], x.shape[1], heads, h / heads).transpose(1, 2);
        var mask = where(batch.IsSeen > 0, zeros_like(batch.IsSeen), full_like(batch.IsSeen, float.NegativeInfinity)).view(windows, 1, 1, seen);

        var x = Linear(WindowMath.Gather(inputs, batch), "input") + parameters["position.embedding"];        // [N, W, h]
        for (var l = 0; l < config.EncoderLayers; l++)
        {
            var qkv = Linear(Norm(x, $"encoder.{l}.attention.norm"), $"encoder.{l}.attention.in");
            var mixed = Attend(Heads(qkv.narrow(2, 0, h)), Heads(qkv.narrow(2, h, h)), Heads(qkv.narrow(2, 2 * h, h)), mask);
            x = x + Linear(mixed.transpose(1, 2).reshape(windows, seen, h), $"encoder.{l}.attention.out");
            x = x + Linear(nn.functional.gelu(Linear(Norm(x, $"encoder.{l}.feed.norm"), $"encoder.{l}.feed.in")), $"encoder.{l}.feed.out");
        }
        var kv = Linear(Norm(x, "pool.norm"), "pool.in");
        var query = Heads(parameters["pool.query"].unsqueeze(0)).expand(windows, -1, -1, -1);               // [N, heads, m, h/heads]
        var pooled = Attend(query, Heads(kv.narrow(2, 0, h)), Heads(kv.narrow(2, h, h)), mask).transpose(1, 2).reshape(windows, m, h);
        var delta = Linear(Linear(pooled, "pool.out"), "output");
        return new WindowOutputs(null, null, null, delta.narrow(2, 0, headDim), delta.narrow(2, headDim, headDim));
    }

    private static Tensor Attend(Tensor queries, Tensor keys, Tensor values, Tensor mask) =>
        matmul((matmul(queries, keys.transpose(-1, -2)) / Math.Sqrt(queries.shape[^1]) + mask).softmax(-1), values);
}
