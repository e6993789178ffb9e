using LST.Core;

namespace LST.Evaluation.Benchmarks.Ruler;

/// <summary>What a chat model wants around the task; the answer prefix follows outside of it, so that the model goes on writing it.</summary>
/// <param name="Name">Name in records; the text itself where it has no name.</param>
/// <param name="Head">Text before the task.</param>
/// <param name="Tail">Text between the task and the answer prefix.</param>
public sealed record RulerTemplate(string Name, string Head, string Tail)
{
    private const string Place = "{T}";

    /// <summary>No wrap: base models, and every model on kvpress' leaderboard.</summary>
    public static RulerTemplate Base { get; } = new("base", "", "");

    /// <summary>Llama-2-chat and Mistral-Instruct: <c>[INST] {T} [/INST]</c>.</summary>
    public static RulerTemplate MetaChat { get; } = new("meta-chat", "[INST] ", " [/INST]");

    /// <summary>Llama-3-Instruct; it holds the begin-of-text token, so that no other BOS may be added.</summary>
    public static RulerTemplate MetaLlama3 { get; } = new(
        "meta-llama3", "<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\n", "<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n");

    /// <summary>The templates with a name.</summary>
    public static IReadOnlyList<RulerTemplate> Named { get; } = [Base, MetaChat, MetaLlama3];

    /// <summary>A template by its name (<c>base</c>, <c>meta-chat</c>, <c>meta-llama3</c>), or any text with <c>{T}</c> once where the task stands.</summary>
    /// <exception cref="UsageException">Neither.</exception>
    public static RulerTemplate Find(string nameOrText)
    {
        if (Named.FirstOrDefault(known => known.Name.Equals(nameOrText, StringComparison.OrdinalIgnoreCase)) is { } named) return named;
        var parts = nameOrText.Split(Place);
        if (parts.Length == 2) return parts is ["", ""] ? Base : new RulerTemplate(nameOrText, parts[0], parts[1]);
        throw new UsageException($"'{nameOrText}' is no model template: it has to be one of {string.Join(", ", Named.Select(known => known.Name))}, or a text with {Place} " +
            $"once where the task stands, but {Place} stands in it {parts.Length - 1} times.");
    }

    /// <summary>The wrapped task.</summary>
    internal string Wrap(string task) => Head + task + Tail;
}
