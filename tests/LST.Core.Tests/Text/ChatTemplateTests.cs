using System.Text.Json;
using LST.Core.Text;

namespace LST.Core.Tests.Text;

public class ChatTemplateTests
{
    private static readonly ChatMessage[] Conversation =
        [new("system", "Be brief."), new("user", "Hi"), new("assistant", "Hello"), new("user", "Bye")];

    [Fact]
    public void Renders_smollm2_s_reference_prompt_and_its_default_system_message()
    {
        var metadata = GgufMetadata.Read(Shared.Require("data/models/SmolLM2-135M-Instruct.Q4_1.gguf"));
        var row = File.ReadLines(Shared.Require("goldens/gguf/smollm2.jsonl")).Select(line => JsonDocument.Parse(line).RootElement)
            .First(r => r.TryGetProperty("greedy_ids", out _));
        var reference = row.GetProperty("text").GetString()!;
        var question = new ChatMessage("user", reference.Split('\n')[1].Replace("<|im_end|>", ""));

        var template = ChatTemplate.FromGguf(metadata);
        var bare = (template with { DefaultSystem = null }).Render([question]);

        Assert.Equal(reference, bare);
        Assert.Equal(row.Ids("ids"), TokenizerFiles.FromGguf(metadata).Encode(bare, parseSpecial: true));
        Assert.Equal("You are a helpful AI assistant named SmolLM, trained by Hugging Face", template.DefaultSystem);
        Assert.Equal("<|im_start|>system\n" + template.DefaultSystem + "<|im_end|>\n" + reference, template.Render([question]));
        Assert.Equal("<|im_end|>", template.EndOfTurn);
    }

    [Fact]
    public void Renders_chatml_without_a_default_system_message_when_the_template_has_none()
    {
        var template = ChatTemplate.Recognise("{% for message in messages %}{{'<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n'}}{% endfor %}");

        Assert.Null(template.DefaultSystem);
        Assert.Equal("<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n", template.Render([new("user", "Hi")]));
    }

    [Fact]
    public void Finds_qwen2_s_default_system_message_behind_escaped_line_ends()
    {
        var template = ChatTemplate.Recognise("{% if loop.first and messages[0]['role'] != 'system' %}{{ '<|im_start|>system\\nYou are a helpful assistant.<|im_end|>\\n' }}{% endif %}");

        Assert.Equal("You are a helpful assistant.", template.DefaultSystem);
    }

    [Theory]
    [InlineData("{{ '<<SYS>>\\n' }} [INST]", ChatFamily.Llama2,
        "<s>[INST] <<SYS>>\nBe brief.\n<</SYS>>\n\nHi [/INST] Hello </s><s>[INST] Bye [/INST]")]
    [InlineData("{{ '[INST] ' + message['content'] + ' [/INST]' }}", ChatFamily.Mistral,
        "<s>[INST] Be brief.\n\nHi [/INST]Hello</s>[INST] Bye [/INST]")]
    [InlineData("{{ '<|start_header_id|>' }}", ChatFamily.Llama3,
        "<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\nBe brief.<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|>" +
        "<|start_header_id|>assistant<|end_header_id|>\n\nHello<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nBye<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n")]
    [InlineData("{{ '<|im_start|>' }}", ChatFamily.ChatMl,
        "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\nHello<|im_end|>\n<|im_start|>user\nBye<|im_end|>\n<|im_start|>assistant\n")]
    public void Renders_a_conversation_as_its_family_does(string template, ChatFamily family, string expected)
    {
        var recognised = ChatTemplate.Recognise(template);

        Assert.Equal(family, recognised.Family);
        Assert.Equal(expected, recognised.Render(Conversation));
    }

    [Fact]
    public void Writes_llama_3_1_s_dates_in_front_of_the_system_message()
    {
        var template = ChatTemplate.Recognise("<|start_header_id|> Cutting Knowledge Date: December 2023");

        Assert.StartsWith("<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\nCutting Knowledge Date: December 2023\nToday Date: 26 Jul 2024\n\n<|eot_id|>",
            template.Render([new("user", "Hi")]));
    }

    [Fact]
    public void Refuses_an_unknown_template_and_names_the_known_families()
    {
        var error = Assert.Throws<TokenizerException>(() => ChatTemplate.Recognise("{{ '<start_of_turn>' }}"));

        Assert.Contains("ChatML", error.Message);
        Assert.Contains("Mistral", error.Message);
    }

    [Theory]
    [InlineData]
    [InlineData("assistant")]
    [InlineData("user", "user")]
    [InlineData("user", "assistant")]
    [InlineData("user", "tool", "user")]
    [InlineData("system")]
    public void Refuses_conversations_that_nobody_can_answer(params string[] roles) =>
        Assert.Throws<UsageException>(() => ChatTemplate.Recognise("<|im_start|>").Render([.. roles.Select(r => new ChatMessage(r, "x"))]));
}
