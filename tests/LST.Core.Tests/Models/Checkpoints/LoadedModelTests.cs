using System.Text.Json;
using LST.Core.Models;
using LST.Core.Models.Checkpoints;
using LST.Core.Text;
using static TorchSharp.torch;

namespace LST.Core.Tests.Models.Checkpoints;

/// <summary>Whole models from GGUF and llama2.c files through the decoder: one row in the wrong place would show in every logit.</summary>
public class LoadedModelTests
{
    [Theory]
    [InlineData("llama2-f16")]
    [InlineData("llama-gqa-q8_0")]
    public void Golden_GGUF_files_give_their_reference_logits_and_greedy_ids(string name)
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        var path = Shared.Require($"goldens/gguf/{name}.json");
        using var document = JsonDocument.Parse(File.ReadAllText(path));
        var ids = Ids(document.RootElement, "input_ids");
        using var expected = SafetensorsFile.Open(Path.ChangeExtension(path, ".expected.safetensors"));
        using var model = Load(Path.ChangeExtension(path, ".gguf"));

        using var cache = model.NewCache(1);
        var logits = model.Logits(model.Run(tensor(ids).unsqueeze(0), cache))[0];

        Assert.InRange((logits - expected.ReadTensor("logits")).abs().max().item<float>(), 0, document.RootElement.GetProperty("tolerance").GetSingle());
        Assert.Equal(Ids(document.RootElement, "greedy_ids"), Greedy(model, ids, 16));
    }

    [Fact]
    public void SmolLM2_gives_its_reference_losses_and_best_tokens()
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        var lines = File.ReadLines(Shared.Require("goldens/gguf/smollm2.jsonl"));
        using var model = Load(Shared.Require("data/models/SmolLM2-135M-Instruct.Q4_1.gguf"));
        using var row = JsonDocument.Parse(lines.First(line => line.Contains("\"top5\"") && line.Contains("capital of France")));
        var ids = Ids(row.RootElement, "ids");

        using var cache = model.NewCache(1);
        var logits = model.Logits(model.Run(tensor(ids).unsqueeze(0), cache))[0];
        var losses = -logits.log_softmax(1).gather(1, tensor(ids).roll(-1).unsqueeze(1)).squeeze(1);

        foreach (var (at, expected) in row.RootElement.GetProperty("nll").EnumerateArray().Index())
            Assert.Equal(expected.GetSingle(), losses[at].item<float>(), 0.002f);
        foreach (var position in row.RootElement.GetProperty("top5").EnumerateObject())
            foreach (var pair in position.Value.EnumerateArray())
                Assert.Equal(pair[1].GetSingle(), logits[int.Parse(position.Name), pair[0].GetInt32()].item<float>(), 0.005f);
    }

    [Fact]
    public void Stories260K_tells_its_story_after_conversion()
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        using var folder = new TemporaryFolder();
        Llama2cConverter.Convert(Shared.Require("data/checkpoints/stories260K/stories260K.bin"), Shared.Require("data/checkpoints/stories260K/tok512.bin"), folder.File("stories260K"));
        using var model = Load(folder.File("stories260K"));
        var tokenizer = TokenizerFiles.ForFolder(folder.File("stories260K"));

        var ids = Greedy(model, [1], 60);

        Assert.StartsWith(
            "Once upon a time, there was a little girl named Lily. She loved to play outside in the park. One day, she saw a big, red ball.",
            tokenizer.Decode(ids.Select(id => (int)id).ToArray(), skipSpecial: true).TrimStart());
    }

    private static LanguageModel Load(string path)
    {
        using var file = ModelFiles.Open(path);
        return LanguageModel.Load(file, ScalarType.Float32, CPU);
    }

    private static long[] Greedy(LanguageModel model, long[] prompt, int count)
    {
        using var cache = model.NewCache(1);
        var (segment, chosen) = (prompt, new List<long>());
        while (chosen.Count < count)
        {
            using var scope = NewDisposeScope();
            var hidden = model.Run(tensor(segment).unsqueeze(0), cache);
            chosen.Add(model.Logits(hidden[0, -1]).argmax().item<long>());
            segment = [chosen[^1]];
        }
        return [.. chosen];
    }

    private static long[] Ids(JsonElement element, string name) => element.GetProperty(name).EnumerateArray().Select(id => id.GetInt64()).ToArray();
}
