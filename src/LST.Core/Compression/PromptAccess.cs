using LST.Core.Caching;
using LST.Core.Models;
using LST.Core.Text;
using static TorchSharp.torch;

namespace LST.Core.Compression;

/// <summary>Model passes behind one prefilled prompt.</summary>
/// <param name="model">The model.</param>
/// <param name="dense">Its full cache of the prompt, batch 1; left as it is.</param>
/// <param name="promptIds">Ids of the prompt.</param>
/// <param name="tokenizer">The model's tokenizer, if there is one.</param>
/// <param name="cancel">Stops a pass between layers.</param>
public sealed class PromptAccess(LanguageModel model, KvCache dense, ReadOnlyMemory<long> promptIds, ITokenizer? tokenizer, CancellationToken cancel = default) : IModelAccess
{
    /// <inheritdoc/>
    public ModelConfig Config => model.Config;

    /// <inheritdoc/>
    public ITokenizer? Tokenizer => tokenizer;

    /// <inheritdoc/>
    public ReadOnlyMemory<long> PromptIds => promptIds;

    /// <inheritdoc/>
    public Tensor Keys(int layer) => dense.Layers[layer].Tail.Joined().Keys[0];

    /// <inheritdoc/>
    public void RunBehindPrompt(ReadOnlySpan<long> ids, Action<int, Tensor, Tensor> onLayer)
    {
        using var scope = NewDisposeScope();
        model.Run(tensor(ids.ToArray(), 1, ids.Length).to(model.Device), dense, new SegmentOptions
        {
            Append = false,
            Capture = CaptureNeeds.Queries,
            OnLayer = capture => onLayer(capture.Layer, capture.Queries![0], capture.Keys[0]),
            Cancel = cancel,
        });
    }
}
