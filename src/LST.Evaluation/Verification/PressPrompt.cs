using LST.Core.Compression;
using LST.Core.Models;
using LST.Core.Models.Checkpoints;
using static TorchSharp.torch;

namespace LST.Evaluation.Verification;

/// <summary>The model, the prompt, and everything that a compressor may see of it, as the reference programs computed them.</summary>
internal sealed class PressPrompt : IDisposable
{
    private readonly ModelFolder file;
    private readonly Dictionary<string, Tensor> tensors = [];

    private PressPrompt(string folder)
    {
        file = ModelFolder.Open(Path.Combine(folder, "model"));
        Model = LanguageModel.Load(file, float32, CPU);
        using var inputs = new GoldenTensors(Path.Combine(folder, "inputs.safetensors"));
        foreach (var name in inputs.Names)
            tensors[name] = (name.EndsWith("_ids", StringComparison.Ordinal) ? inputs.Long(name) : inputs.Float(name)).DetachFromDisposeScope();
    }

    public LanguageModel Model { get; }

    public Tensor this[string name] => tensors[name];

    public int Batch => (int)this["prompt_ids"].shape[0];

    public int Tokens => (int)this["prompt_ids"].shape[1];

    public static PressPrompt Open(string folder)
    {
        using var scope = NewDisposeScope();
        return new PressPrompt(folder);
    }

    /// <summary>One layer of one sample, from the stored inputs.</summary>
    public LayerContext Layer(int layer, int sample) => new()
    {
        Layer = layer,
        Config = Model.Config,
        Rotary = Model.Rotary,
        Keys = this["keys"][layer, sample],
        Values = this["values"][layer, sample],
        CapturedPreRopeKeys = this["keys_pre"][layer, sample],
        Queries = this["queries"][layer, sample],
        PreRopeQueries = this["queries_pre"][layer, sample],
        Hidden = this["hidden"][layer, sample],
        Statistics = new AttentionStatistics(this["queries"][layer, sample], this["keys"][layer, sample], Model.Config.SlidingWindow, chunkQueries: 32),
    };

    /// <summary>Our own prefill against the stored inputs.</summary>
    public void CheckDense(Differences differences)
    {
        using var cache = Model.NewCache(Batch);
        var hidden = Model.Run(this["prompt_ids"], cache, new SegmentOptions
        {
            Capture = CaptureNeeds.Queries | CaptureNeeds.PreRopeKeys | CaptureNeeds.PreRopeQueries | CaptureNeeds.AttentionInput,
            OnLayer = capture =>
            {
                using var scope = NewDisposeScope();
                var l = capture.Layer;
                differences.Absolute("keys", this["keys"][l], capture.Keys, 2e-4);
                differences.Absolute("values", this["values"][l], capture.Values, 2e-4);
                differences.Absolute("queries", this["queries"][l], capture.Queries!, 2e-4);
                differences.Absolute("pre-RoPE keys", this["keys_pre"][l], capture.PreRopeKeys!, 2e-4);
                differences.Absolute("pre-RoPE queries", this["queries_pre"][l], capture.PreRopeQueries!, 2e-4);
                differences.Absolute("attention input", this["hidden"][l], capture.AttentionInput!, 2e-4);
                for (var b = 0; b < Batch; b++)
                {
                    using var statistics = new AttentionStatistics(capture.Queries![b], capture.Keys[b], Model.Config.SlidingWindow, chunkQueries: 40);
                    differences.Absolute("column sums", this["colsum"][l, b], statistics.ColumnSums, 5e-4);
                    differences.Absolute("last row", this["lastrow"][l, b], statistics.LastRow, 2e-4);
                }
            },
        });
        differences.Absolute("last logits", this["dense_last_logits"], Model.Logits(hidden.narrow(1, Tokens - 1, 1)).squeeze(1), 5e-4);
        differences.Absolute("suffix logits", this["dense_suffix_logits"], Model.Logits(Model.Run(this["suffix_ids"], cache)), 5e-4);
    }

    public void Dispose()
    {
        Model.Dispose();
        file.Dispose();
        foreach (var tensor in tensors.Values) tensor.Dispose();
    }
}
