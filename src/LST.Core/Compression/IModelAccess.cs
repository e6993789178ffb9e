using LST.Core.Models;
using LST.Core.Text;
using static TorchSharp.torch;

namespace LST.Core.Compression;

/// <summary>What a method may ask of the model for one sample after its prefill: extra passes over the full cache, which stays as it is.</summary>
public interface IModelAccess
{
    /// <summary>Shape of the model.</summary>
    ModelConfig Config { get; }

    /// <summary>The model's tokenizer, for methods that add a prompt of their own; null when the caller has none.</summary>
    ITokenizer? Tokenizer { get; }

    /// <summary>Ids of the prompt [T].</summary>
    ReadOnlyMemory<long> PromptIds { get; }

    /// <summary>Post-RoPE keys [H_kv, T, D] of a layer of the prompt. Not to be disposed.</summary>
    Tensor Keys(int layer);

    /// <summary>
    /// Runs ids behind the prompt at positions T, T+1, … over the full cache and forgets them again. After each layer
    /// <paramref name="onLayer"/> gets the segment's queries [H_q, S, D] and keys [H_kv, S, D], both post-RoPE, valid during the call.
    /// </summary>
    void RunBehindPrompt(ReadOnlySpan<long> ids, Action<int, Tensor, Tensor> onLayer);
}
