using LST.Core.Text;

namespace LST.Evaluation;

/// <summary>From what a person types to the ids that a model reads.</summary>
public static class GenerationPrompt
{
    /// <summary>BOS and the prompt's ids, or the chat template around it.</summary>
    public static long[] Ids(LoadedModel loaded, string prompt, bool chat)
    {
        if (!chat) return [loaded.BosId, .. loaded.Tokenizer.Encode(prompt).Select(id => (long)id)];
        var template = loaded.Folder is { } folder ? ChatTemplate.ForFolder(folder) : ChatTemplate.FromGguf(loaded.Metadata);
        // The template writes BOS itself where the family has one.
        return [.. loaded.Tokenizer.Encode(template.Render([new ChatMessage("user", prompt)]), parseSpecial: true).Select(id => (long)id)];
    }

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
