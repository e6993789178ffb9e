using System.Text.Json;

namespace LST.Core.Text.Formats;

/// <summary>What <c>tokenizer_config.json</c> (and <c>special_tokens_map.json</c>) beside a tokenizer says.</summary>
internal sealed record TokenizerConfig(TokenNames Names, IReadOnlyList<AddedToken> AddedTokens, string? ChatTemplate)
{
    private const long MaxBytes = 32 << 20;

    /// <summary>Reads the files of a folder; nothing there gives an empty config.</summary>
    /// <exception cref="TokenizerException">A file is damaged.</exception>
    internal static TokenizerConfig ForFolder(string folder)
    {
        var config = Parse(folder, "tokenizer_config.json");
        var map = Parse(folder, "special_tokens_map.json");
        var names = new TokenNames(
            TokenName(config, "bos_token", folder) ?? TokenName(map, "bos_token", folder),
            TokenName(config, "eos_token", folder) ?? TokenName(map, "eos_token", folder));
        var jinja = Path.Combine(folder, "chat_template.jinja");
        var template = File.Exists(jinja) ? File.ReadAllText(jinja) : config is { } read ? Template(read, folder) : null;
        return new TokenizerConfig(names, Added(config, folder), template);
    }

    private static JsonElement? Parse(string folder, string name)
    {
        var path = Path.Combine(folder, name);
        return File.Exists(path) ? JsonFields.ParseObject(BoundedFile.Read(path, MaxBytes), path) : null;
    }

    // A token is a text or an object with its content.
    private static string? TokenName(JsonElement? config, string field, string folder) => config?.Field(field) switch
    {
        null => null,
        { ValueKind: JsonValueKind.String } value => value.AsText(folder),
        { ValueKind: JsonValueKind.Object } value => value.Text("content", folder),
        { } value => throw new TokenizerException($"{folder}: '{field}' of tokenizer_config.json has to be a token, but it is " +
            $"{Vocabulary.Shown(value.GetRawText())}."),
    };

    private static List<AddedToken> Added(JsonElement? config, string folder)
    {
        var tokens = new List<AddedToken>();
        foreach (var entry in config?.Object("added_tokens_decoder", folder)?.EnumerateObject() ?? default)
        {
            if (!int.TryParse(entry.Name, out var id) || entry.Value.Text("content", folder) is not { Length: > 0 } content)
                throw new TokenizerException($"{folder}: added_tokens_decoder of tokenizer_config.json maps ids to tokens, but " +
                    $"'{Vocabulary.Shown(entry.Name)}' is no such entry.");
            tokens.Add(new AddedToken(content, id, entry.Value.Flag("special", folder))
            {
                SingleWord = entry.Value.Flag("single_word", folder),
                StripLeft = entry.Value.Flag("lstrip", folder),
                StripRight = entry.Value.Flag("rstrip", folder),
            });
        }
        return tokens;
    }

    // One template, or a list of named ones of which "default" is the chat's.
    private static string? Template(JsonElement config, string folder)
    {
        if (config.Field("chat_template") is not { } template) return null;
        if (template.ValueKind == JsonValueKind.String) return template.AsText(folder);
        if (template.ValueKind == JsonValueKind.Array)
            foreach (var entry in template.EnumerateArray())
                if (entry.Text("name", folder) == "default") return entry.Text("template", folder);
        return null;
    }
}

/// <summary>Reads whole files of a bounded size.</summary>
internal static class BoundedFile
{
    /// <exception cref="TokenizerException">Missing, unreadable, empty or too large.</exception>
    internal static byte[] Read(string path, long maxBytes)
    {
        try
        {
            var length = new FileInfo(path).Length;
            if (length > maxBytes) throw new TokenizerException($"{path}: tokenizer files have at most {maxBytes >> 20} MiB, but this one has " +
                $"{length >> 20} MiB; it is of another kind.");
            if (length == 0) throw new TokenizerException($"{path}: the file is empty; copy it again.");
            return File.ReadAllBytes(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new TokenizerException($"{path}: the file cannot be read: {error.Message}", error);
        }
    }
}
