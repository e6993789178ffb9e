using LST.Core;
using LST.Evaluation.Tests.Perplexity;
using static TorchSharp.torch;

namespace LST.Evaluation.Tests;

/// <summary>From typed text to ids.</summary>
public class GenerationPromptTests(ReferenceModel reference) : IClassFixture<ReferenceModel>
{
    [Theory]
    [InlineData("Gets the value.")]
    [InlineData("")]
    [InlineData("Before <|end_of_text|> and <|begin_of_text|> after: these are ordinary words here.")]
    public void A_prompt_is_BOS_and_the_ids_of_ordinary_text(string prompt)
    {
        var ids = GenerationPrompt.Ids(reference.Loaded, prompt, chat: false);

        Assert.Equal([0, .. reference.Ids(prompt)], ids);
        Assert.DoesNotContain(ids.Skip(1), id => id is 0 or 1 or 2);
        Assert.Equal(prompt, reference.Loaded.Tokenizer.Decode([.. ids.Skip(1).Select(id => (int)id)]));
    }

    [Fact]
    public void Texts_end_at_the_models_own_end() => Assert.Equal([1], GenerationPrompt.StopIds(reference.Loaded));

    [Fact]
    public void A_model_without_a_chat_template_says_so_in_one_sentence()
    {
        var error = Assert.ThrowsAny<LstException>(() => GenerationPrompt.Ids(reference.Loaded, "Hello", chat: true));

        Assert.Contains("chat", error.Message);
        Assert.DoesNotContain('\n', error.Message);
    }

    [Fact]
    public void SmolLM2_gets_its_chat_marks_as_single_ids_and_no_BOS_twice()
    {
        using var loaded = LoadedModel.Open(Shared.Require("data/models/SmolLM2-135M-Instruct.Q4_1.gguf"), bfloat16, cancel: TestContext.Current.CancellationToken);
        var ids = GenerationPrompt.Ids(loaded, "Hi", chat: true);
        var (start, end) = (loaded.Tokenizer.IdOf("<|im_start|>")!.Value, loaded.Tokenizer.IdOf("<|im_end|>")!.Value);

        Assert.Equal(start, ids[0]);
        Assert.NotEqual(start, ids[1]);
        Assert.Equal(3, ids.Count(id => id == start));
        Assert.Equal(2, ids.Count(id => id == end));
        Assert.EndsWith("<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n", loaded.Tokenizer.Decode([.. ids.Select(id => (int)id)]));
        Assert.Contains(end, GenerationPrompt.StopIds(loaded));
    }
}
