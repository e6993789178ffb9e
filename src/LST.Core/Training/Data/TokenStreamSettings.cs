namespace LST.Core.Training.Data;

/// <summary>How much of a text becomes a stream.</summary>
public sealed record TokenStreamSettings
{
    /// <summary>Most tokens of the stream; null: the whole text.</summary>
    public long? MaxTokens { get; init; }

    /// <summary>Which documents are taken when the text has more tokens than that.</summary>
    public long Seed { get; init; }

    /// <summary>
    /// Documents longer than this many characters are taken in sections of about that length, cut behind a line, so that a cap spreads over books too.
    /// </summary>
    public int SectionCharacters { get; init; } = 32_768;

    /// <summary>Refuses values that mean nothing.</summary>
    /// <exception cref="UsageException">A number is not positive.</exception>
    public void Validate()
    {
        if (MaxTokens < 1) throw new UsageException($"tokens of a training text: the cap must be at least 1, but it is {MaxTokens}; give a positive number or none.");
        if (SectionCharacters < 1_024)
            throw new UsageException($"sections of a training text: the length must be at least 1024 characters, but it is {SectionCharacters}; give a larger number.");
    }
}

/// <summary>How far a text is.</summary>
/// <param name="Documents">Documents read so far.</param>
/// <param name="Tokens">Tokens kept so far.</param>
public readonly record struct TokenStreamProgress(long Documents, long Tokens);
