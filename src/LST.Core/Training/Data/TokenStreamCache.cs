using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using LST.Core.Text;

namespace LST.Core.Training.Data;

/// <summary>
/// Streams kept in files of a work folder, so that a text is tokenised once. A file is named by what it was made from (text, tokenizer, settings), written
/// beside
/// and renamed, and verified when it is read: a broken one is made anew. Deleting the folder loses time only.
/// </summary>
/// <param name="folder">The folder; made when a file is first written.</param>
public sealed class TokenStreamCache(string folder)
{
    /// <summary>The stream of a text, from its file if there is a good one.</summary>
    /// <param name="text">The text; without a fixed digest it is read once to compute one.</param>
    /// <param name="tokenizer">Its tokenizer.</param>
    /// <param name="settings">How much of it.</param>
    /// <param name="progress">Told while the text is tokenised.</param>
    /// <param name="cancel">Stops between sections of the text; nothing is written then.</param>
    /// <exception cref="UsageException">A text that must not be trained on, or settings that mean nothing.</exception>
    /// <exception cref="DataException">The text gives no tokens, or the file cannot be written.</exception>
    public TokenStream GetOrBuild(
        TrainingText text, ITokenizer tokenizer, TokenStreamSettings settings, IProgress<TokenStreamProgress>? progress = null, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(text);
        TextRoles.RequireTraining(text.Name, text.Role);
        settings.Validate();
        var key = Key(text, tokenizer, settings, cancel);
        var path = Path.Combine(folder, $"{Convert.ToHexStringLower(key.AsSpan(0, 16))}.ids");
        if (TokenStreamFile.TryRead(path, key, text, tokenizer.VocabularySize) is { } kept) return kept;
        var stream = TokenStream.Build(text, tokenizer, settings, progress, cancel);
        TokenStreamFile.Write(path, key, stream);
        return stream;
    }

    private static byte[] Key(TrainingText text, ITokenizer tokenizer, TokenStreamSettings settings, CancellationToken cancel)
    {
        // A fixed digest covers the content; where the records lie in it, their separators being gone, only the name does.
        string[] parts =
        [
            $"format {TokenStreamFile.Version}", text.Name, text.Sha256 ?? DocumentsSha256(text.Documents, cancel), TokenizerFingerprint.Of(tokenizer),
            settings.MaxTokens?.ToString(CultureInfo.InvariantCulture) ?? "all", settings.Seed.ToString(CultureInfo.InvariantCulture),
            settings.SectionCharacters.ToString(CultureInfo.InvariantCulture),
        ];
        return SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\0', parts)));
    }

    private static string DocumentsSha256(IEnumerable<string> documents, CancellationToken cancel)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var document in documents)
        {
            cancel.ThrowIfCancellationRequested();
            hash.AppendData(Encoding.UTF8.GetBytes(document));
            hash.AppendData([0]);
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
