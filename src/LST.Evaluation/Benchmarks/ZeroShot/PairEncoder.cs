using LST.Core;
using LST.Core.Text;
using LST.Evaluation.PythonText;

namespace LST.Evaluation.Benchmarks.ZeroShot;

/// <summary>
/// From the strings of a request to ids as lm-evaluation-harness does it: both are encoded together, and the continuation is what stands behind the length of the context's own ids, even
/// where a merge crosses the border. Special tokens written in a text become their ids.
/// </summary>
/// <param name="encode">Ids of a text without BOS, special tokens parsed.</param>
/// <param name="prefixId">BOS, or EOS where there is none: the context of nothing.</param>
/// <param name="prefixText">How the prefix id is written in a text.</param>
/// <param name="addPrefix">Whether the tokenizer puts the prefix id in front of a text by itself.</param>
public sealed class PairEncoder(Func<string, int[]> encode, int prefixId, string prefixText, bool addPrefix = true)
{
    /// <summary>The encoder of a model.</summary>
    /// <param name="loaded">The model.</param>
    /// <param name="prefixId">The prefix id; null: the model's BOS.</param>
    /// <param name="addPrefix">Whether it goes in front of every text; Palu's numbers, for one, are made without.</param>
    public static PairEncoder Of(LoadedModel loaded, int? prefixId = null, bool addPrefix = true) =>
        new(text => loaded.Encode(text, parseSpecial: true), prefixId ?? loaded.BosId, PrefixText(loaded.Tokenizer, prefixId ?? loaded.BosId), addPrefix);

    /// <summary>How a prefix id is written in a text; empty where the tokenizer does not know it.</summary>
    internal static string PrefixText(ITokenizer tokenizer, int prefixId) => prefixId < tokenizer.VocabularySize ? tokenizer.TokenText(prefixId) : "";   // decoding leaves control pieces out

    /// <summary>The prefix id.</summary>
    public int PrefixId => prefixId;

    /// <summary>What item lines say of it: <c>bos</c> or <c>no-bos</c>.</summary>
    public string Flag => addPrefix ? "bos" : "no-bos";

    /// <summary>Ids of a text with the prefix id in front; one that is written there already gets no second.</summary>
    public int[] Encode(string text) =>
        !addPrefix || (prefixText.Length > 0 && text.StartsWith(prefixText, StringComparison.Ordinal)) ? encode(text) : [prefixId, .. encode(text)];

    /// <summary>Ids of a request.</summary>
    /// <exception cref="DataException">Nothing is left to score.</exception>
    public EncodedPair Encode(string context, string continuation)
    {
        var pair = context.Length == 0 ? Bare(continuation) : Joined(context, continuation);
        if (pair.Continuation.Length == 0) throw new DataException($"A continuation has to add at least one id to its context, but '{continuation}' behind '{Ending(context)}' adds none; look at the item.");
        return pair;
    }

    /// <summary>Ids of a request.</summary>
    public EncodedPair Encode(ZeroShotRequest request) => Encode(request.Context, request.Continuation);

    private EncodedPair Bare(string continuation)
    {
        var ids = encode(continuation);
        return ids.Length > 0 && ids[0] == prefixId ? new EncodedPair(ids[..1], ids[1..]) : new EncodedPair([prefixId], ids);
    }

    private EncodedPair Joined(string context, string continuation)
    {
        var bare = PyText.RightStrip(context);
        var (before, whole) = (Encode(bare), Encode(context + continuation));
        var behind = whole.Length > before.Length ? whole[before.Length..] : [];
        // Without a prefix id of the tokenizer's own, white space alone leaves no context.
        return new EncodedPair(before.Length == 0 ? [prefixId] : before, behind);
    }

    private static string Ending(string context) => context.Length <= 40 ? context : "…" + context[^40..];
}
