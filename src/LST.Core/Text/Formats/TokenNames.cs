namespace LST.Core.Text.Formats;

/// <summary>How a folder's other files spell BOS and EOS; null where they say nothing.</summary>
internal sealed record TokenNames(string? Bos = null, string? Eos = null)
{
    /// <summary>The id of a named token.</summary>
    /// <exception cref="TokenizerException">The vocabulary lacks it.</exception>
    internal int Require(string name, Vocabulary vocabulary, string source) => vocabulary.IdOf(name) ??
        throw new TokenizerException($"{source}: tokenizer_config.json names the token '{Vocabulary.Shown(name)}', but the vocabulary lacks it; the " +
            "files do not belong together.");
}
