using System.Text;
using System.Text.RegularExpressions;
using LST.Core.Text.Formats;

namespace LST.Core.Text;

/// <summary>One turn of a conversation.</summary>
/// <param name="Role"><c>system</c>, <c>user</c> or <c>assistant</c>.</param>
/// <param name="Content">What was said.</param>
public sealed record ChatMessage(string Role, string Content);

/// <summary>The families of chat templates that are known.</summary>
public enum ChatFamily
{
    /// <summary><c>&lt;|im_start|&gt;role … &lt;|im_end|&gt;</c>: SmolLM2, Qwen2 and many others.</summary>
    ChatMl,

    /// <summary><c>[INST] &lt;&lt;SYS&gt;&gt; …</c>.</summary>
    Llama2,

    /// <summary><c>&lt;|start_header_id|&gt;role&lt;|end_header_id|&gt; … &lt;|eot_id|&gt;</c>.</summary>
    Llama3,

    /// <summary><c>[INST] … [/INST]</c> without a system block of its own.</summary>
    Mistral,
}

/// <summary>
/// Renders a conversation as the prompt of an instruction-tuned model. The template string of a model is not run (it is a program in Jinja);
/// its family is recognised by the marks that it writes. Encode the result with special tokens parsed and without a further BOS.
/// </summary>
public sealed partial record ChatTemplate
{
    private const string KnownFamilies = "ChatML (SmolLM2, Qwen2), Llama-2, Llama-3, Mistral";

    private ChatTemplate(ChatFamily family) => Family = family;

    /// <summary>The family.</summary>
    public ChatFamily Family { get; }

    /// <summary>What a ChatML template says as the system when the conversation does not begin with a system message; null: nothing.</summary>
    public string? DefaultSystem { get; init; }

    /// <summary>Text that the model writes at the end of its turn; generation stops there.</summary>
    public string EndOfTurn => Family switch
    {
        ChatFamily.ChatMl => "<|im_end|>",
        ChatFamily.Llama3 => "<|eot_id|>",
        _ => "</s>",
    };

    // Llama-3.1 and later write two dates in front of every system message.
    private bool WritesDates { get; init; }

    /// <summary>Recognises the family of a template string.</summary>
    /// <param name="template"><c>tokenizer.chat_template</c> of a GGUF file, or <c>chat_template</c> of <c>tokenizer_config.json</c>.</param>
    /// <exception cref="TokenizerException">The template is of no known family.</exception>
    public static ChatTemplate Recognise(string template)
    {
        ArgumentNullException.ThrowIfNull(template);
        if (template.Contains("<|im_start|>", StringComparison.Ordinal)) return new ChatTemplate(ChatFamily.ChatMl) { DefaultSystem = SystemOf(template) };
        if (template.Contains("<|start_header_id|>", StringComparison.Ordinal))
            return new ChatTemplate(ChatFamily.Llama3) { WritesDates = template.Contains("Cutting Knowledge Date", StringComparison.Ordinal) };
        if (template.Contains("<<SYS>>", StringComparison.Ordinal)) return new ChatTemplate(ChatFamily.Llama2);
        if (template.Contains("[INST]", StringComparison.Ordinal)) return new ChatTemplate(ChatFamily.Mistral);
        throw new TokenizerException($"The chat templates of {KnownFamilies} are known, but the model's is of another family " +
            $"('{Vocabulary.Shown(template)}'); give the whole prompt as text instead.");
    }

    /// <summary>The template of a Hugging Face folder (<c>chat_template.jinja</c> or <c>tokenizer_config.json</c>).</summary>
    /// <exception cref="TokenizerException">The folder has none, or it is of no known family.</exception>
    public static ChatTemplate ForFolder(string folder) => Recognise(TokenizerConfig.ForFolder(folder).ChatTemplate ??
        throw new TokenizerException($"{folder}: a chat needs the model's chat_template in tokenizer_config.json, but there is none; " +
            "the model is not made for chats."));

    /// <summary>The template in the metadata of a GGUF file.</summary>
    /// <exception cref="TokenizerException">The file has none, or it is of no known family.</exception>
    public static ChatTemplate FromGguf(IReadOnlyDictionary<string, object> metadata) => Recognise(
        metadata.GetValueOrDefault("tokenizer.chat_template") as string ??
        throw new TokenizerException("GGUF metadata: a chat needs the field tokenizer.chat_template, but the file has none; the model is not made for chats."));

    /// <summary>The prompt after which the model writes the assistant's next turn.</summary>
    /// <param name="messages">At most one system message first, then user and assistant in turn; the last is the user's.</param>
    /// <exception cref="UsageException">The order of roles is another, or a role is unknown.</exception>
    public string Render(IReadOnlyList<ChatMessage> messages)
    {
        var system = messages.Count > 0 && messages[0].Role == "system" ? messages[0].Content : null;
        var turns = messages.Skip(system is null ? 0 : 1).ToList();
        for (var i = 0; i < turns.Count; i++)
        {
            var expected = i % 2 == 0 ? "user" : "assistant";
            if (turns[i].Role != expected)
                throw new UsageException($"A chat is a system message (or none), then user and assistant in turn, but where '{expected}' belongs " +
                    $"stands '{turns[i].Role}'.");
        }
        if (turns.Count % 2 == 0) throw new UsageException("A chat ends with the user's message, but there is none to answer.");
        return Family switch
        {
            ChatFamily.ChatMl => ChatMl(system ?? DefaultSystem, turns),
            ChatFamily.Llama3 => Llama3(system, turns),
            ChatFamily.Llama2 => Llama2(system, turns),
            _ => Mistral(system, turns),
        };
    }

    private static string ChatMl(string? system, List<ChatMessage> turns)
    {
        var prompt = new StringBuilder();
        if (system is not null) prompt.Append($"<|im_start|>system\n{system}<|im_end|>\n");
        foreach (var (role, content) in turns) prompt.Append($"<|im_start|>{role}\n{content}<|im_end|>\n");
        return prompt.Append("<|im_start|>assistant\n").ToString();
    }

    private string Llama3(string? system, List<ChatMessage> turns)
    {
        var prompt = new StringBuilder("<|begin_of_text|>");
        if (WritesDates) system = "Cutting Knowledge Date: December 2023\nToday Date: 26 Jul 2024\n\n" + system?.Trim();
        if (system is not null) prompt.Append($"<|start_header_id|>system<|end_header_id|>\n\n{(WritesDates ? system : system.Trim())}<|eot_id|>");
        foreach (var (role, content) in turns) prompt.Append($"<|start_header_id|>{role}<|end_header_id|>\n\n{content.Trim()}<|eot_id|>");
        return prompt.Append("<|start_header_id|>assistant<|end_header_id|>\n\n").ToString();
    }

    private static string Llama2(string? system, List<ChatMessage> turns)
    {
        var prompt = new StringBuilder();
        var block = system is null ? "" : $"<<SYS>>\n{system}\n<</SYS>>\n\n";
        foreach (var (role, content) in turns)
        {
            prompt.Append(role == "user" ? $"<s>[INST] {(block + content).Trim()} [/INST]" : $" {content.Trim()} </s>");
            block = "";
        }
        return prompt.ToString();
    }

    // The early templates refuse a system message; the later ones put it in front of the user's text.
    private static string Mistral(string? system, List<ChatMessage> turns)
    {
        var prompt = new StringBuilder("<s>");
        var block = system is null ? "" : system + "\n\n";
        foreach (var (role, content) in turns)
        {
            prompt.Append(role == "user" ? $"[INST] {block}{content} [/INST]" : $"{content}</s>");
            block = "";
        }
        return prompt.ToString();
    }

    // The literal that a template writes between its system marks; line ends may be spelled as escapes.
    private static string? SystemOf(string template) => SystemLiteral().Match(template) is { Success: true } match
        ? match.Groups["text"].Value.Replace("\\n", "\n", StringComparison.Ordinal)
        : null;

    [GeneratedRegex(@"<\|im_start\|>system(?:\\n|\n)(?<text>[^'""{}<]+)<\|im_end\|>", RegexOptions.CultureInvariant)]
    private static partial Regex SystemLiteral();
}
