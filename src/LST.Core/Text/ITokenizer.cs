namespace LST.Core.Text;

/// <summary>Text to token ids and back. Instances are safe for concurrent use.</summary>
public interface ITokenizer
{
    /// <summary>Which file and algorithm stand behind it, for records: e.g. <c>sentencepiece-bpe (tokenizer.model)</c>.</summary>
    string Description { get; }

    /// <summary>Number of ids, special ones included.</summary>
    int VocabularySize { get; }

    /// <summary>Id of the beginning-of-text token if the tokenizer's own files name one.</summary>
    int? BosId { get; }

    /// <summary>Id of the end-of-text token if the tokenizer's own files name one.</summary>
    int? EosId { get; }

    /// <summary>Encodes without BOS or EOS.</summary>
    /// <param name="text">Any string; each half of a broken surrogate pair counts as U+FFFD.</param>
    /// <param name="parseSpecial">True: special-token strings in the text become their ids; false: they are ordinary text.</param>
    int[] Encode(string text, bool parseSpecial = false);

    /// <summary>Decodes; broken UTF-8 becomes U+FFFD as the defining library does it.</summary>
    /// <param name="ids">Token ids, each in [0, <see cref="VocabularySize"/>).</param>
    /// <param name="skipSpecial">Leave special tokens out of the text.</param>
    /// <exception cref="TokenizerException">An id is outside the vocabulary.</exception>
    string Decode(ReadOnlySpan<int> ids, bool skipSpecial = false);

    /// <summary>The id of a token string as the vocabulary spells it (special tokens included), or null.</summary>
    int? IdOf(string token);

    /// <summary>The vocabulary's spelling of an id, for display: byte-level tokens in GPT-2's alphabet (<c>Ġ</c> is a space).</summary>
    /// <exception cref="TokenizerException">The id is outside the vocabulary.</exception>
    string TokenText(int id);
}
