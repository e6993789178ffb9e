using LST.Core;
using LST.Core.Text;
using LST.Evaluation.Texts;

namespace LST.Evaluation;

/// <summary>From what a person types to the ids that a model reads.</summary>
public static class GenerationPrompt
{
    /// <summary>BOS and the prompt's ids, or the chat template around it.</summary>
    public static long[] Ids(LoadedModel loaded, string prompt, bool chat)
    {
        if (!chat) return [loaded.BosId, .. loaded.Encode(prompt).Select(id => (long)id)];
        var template = loaded.Folder is { } folder ? ChatTemplate.ForFolder(folder) : ChatTemplate.FromGguf(loaded.Metadata);
        // The template writes BOS itself where the family has one.
        return [.. loaded.Encode(template.Render([new ChatMessage("user", prompt)]), parseSpecial: true).Select(id => (long)id)];
    }

    /// <summary>The prompt in a UTF-8 file, as it is.</summary>
    /// <exception cref="DataException">The file is missing, empty or not UTF-8.</exception>
    public static string Read(string path) => File.Exists(path) ? TextFile.Read(path, path)
        : throw new DataException($"prompt file '{path}' is not there; give an existing UTF-8 file");

    /// <summary>Ids that end a text.</summary>
    public static IReadOnlyList<int> StopIds(LoadedModel loaded)
    {
        var ids = loaded.Model.Config.EosIds.ToHashSet();
        if (loaded.Tokenizer.EosId is { } eos) ids.Add(eos);
        foreach (var name in new[] { "<|im_end|>", "<|eot_id|>", "<|end_of_text|>" })
            if (loaded.Tokenizer.IdOf(name) is { } id) ids.Add(id);
        return [.. ids];
    }
}
