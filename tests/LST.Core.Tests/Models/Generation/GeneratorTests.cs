using LST.Core.Attention;
using LST.Core.Compression;
using LST.Core.Models;
using LST.Core.Models.Checkpoints;
using LST.Core.Models.Generation;
using LST.Core.Tests.Models.Checkpoints;
using LST.Core.Text;
using static TorchSharp.torch;
using Generator = LST.Core.Models.Generation.Generator;

namespace LST.Core.Tests.Models.Generation;

/// <summary>Token-by-token decoding over compressed caches, on the model that ships with the project.</summary>
public class GeneratorTests : IDisposable
{
    private static readonly string[] Texts =
    [
        "The method returns the number of elements in the collection. If the collection is empty, the method",
        "Gets or sets the value of the property. The value of this property is",
        "Represents a strongly typed list of objects that can be accessed by index. Provides methods to search, sort, and manipulate lists. The exception that is thrown when",
    ];

    private readonly LanguageModel model = Open();
    private readonly ITokenizer tokenizer = TokenizerFiles.ForFolder(Folder);

    private static string Folder => Path.Combine(Shared.RepositoryRoot, "data", "models", "lst-ref");

    public static TheoryData<string, string> MethodsAndRatios => new() { { "dense", "1" }, { "streaming", "2" }, { "snapkv:observe=4", "2" }, { "mean:sinks=1:recent=2:log-mass=true", "3/2" }, { "kvzip", "3" } };

    public void Dispose()
    {
        model.Dispose();
        GC.SuppressFinalize(this);
    }

    [Theory, MemberData(nameof(MethodsAndRatios))]
    public void Greedy_tokens_are_those_of_the_model_run_step_by_step(string method, string ratio)
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        var prompt = Prompt(2);

        var result = Assert.Single(Run([prompt], method, ratio));

        using var compressor = MethodSpec.Parse(method).Create();
        using var prompts = PromptCompression.Run(model, prompt, [new CompressionJob(compressor, Ratio.Parse(ratio))], tokenizer, TestContext.Current.CancellationToken);
        var cache = prompts.Jobs[0].Cache;
        var hidden = prompts.LastHidden;
        foreach (var id in result.Ids)
        {
            var logits = PlainNumbers.Of(model.Logits(hidden));
            // Kernels and tensor operations may differ in the last digits; that may decide between equals alone.
            Assert.InRange(logits.Max() - logits[id], 0, 1e-3);
            hidden = model.Run(tensor(new long[] { id }, 1, 1), cache);
        }
        Assert.Equal((20, prompt.Length, prompts.Jobs[0].Plan.Total, prompts.Jobs[0].Bytes), (result.Ids.Length, result.PromptTokens, result.KeptSlots, result.CacheBytes));
        Assert.Equal(prompt.Length + 20, cache.NextPositions[0]);
    }

    [Theory, MemberData(nameof(MethodsAndRatios))]
    public void Prompts_of_unequal_length_in_a_batch_get_what_each_gets_alone(string method, string ratio)
    {
        long[][] prompts = [Prompt(0), Prompt(1), Prompt(2)];
        Assert.Equal(3, prompts.Select(prompt => prompt.Length).Distinct().Count());

        foreach (var attention in new ISegmentAttention[] { new LibraryAttention(), new ReferenceAttention() })
        {
            model.Attention = attention;
            Same(prompts.Select(prompt => Run([prompt], method, ratio)[0]), Run(prompts, method, ratio));
        }
    }

    [Fact]
    public void A_bias_of_one_sample_alone_does_not_move_the_others()
    {
        // One token is too short to be pooled: its layer has no bias, the other's has.
        long[][] prompts = [[0], Prompt(2)];

        Same(prompts.Select(prompt => Run([prompt], "mean:sinks=1:recent=2:log-mass=true", "2")[0]), Run(prompts, "mean:sinks=1:recent=2:log-mass=true", "2"));
    }

    [Fact]
    public void A_sample_that_stops_leaves_the_others_as_they_are()
    {
        long[][] prompts = [Prompt(0), Prompt(1), Prompt(2)];
        var free = Run(prompts, "streaming", "2");
        var stop = free[0].Ids[3];
        List<(int, int)> seen = [];

        var stopped = Run(prompts, "streaming", "2", [stop], (b, id) => seen.Add((b, id)));

        foreach (var (before, after) in free.Zip(stopped)) Assert.Equal(before.Ids.TakeWhile(id => id != stop), after.Ids);
        Assert.InRange(stopped[0].Ids.Length, 0, 3);
        for (var b = 0; b < 3; b++) Assert.Equal(stopped[b].Ids, seen.Where(pair => pair.Item1 == b).Select(pair => pair.Item2));
    }

    [Fact]
    public void The_same_seed_gives_the_same_text_and_another_seed_another()
    {
        int[] Sampled(int seed) => Run([Prompt(0)], "snapkv:observe=4", "2", sampling: new SamplingOptions(1, TopK: 50, TopP: 0.95, Seed: seed))[0].Ids;

        Assert.Equal(Sampled(1), Sampled(1));
        Assert.NotEqual(Sampled(1), Sampled(2));
        // Samples of a batch draw from seeds of their own.
        var twice = Run([Prompt(0), Prompt(0)], "snapkv:observe=4", "2", sampling: new SamplingOptions(1, Seed: 1));
        Assert.NotEqual(twice[0].Ids, twice[1].Ids);
    }

    [Fact]
    public void Cancelling_while_decoding_keeps_what_is_there()
    {
        using var source = new CancellationTokenSource();
        var made = 0;

        var result = new Generator(model, tokenizer).Run([Prompt(0)], Request("streaming", "2"), (_, _) => { if (++made == 5) source.Cancel(); }, source.Token);

        Assert.Equal(Run([Prompt(0)], "streaming", "2")[0].Ids[..5], result[0].Ids);
    }

    [Fact]
    public void A_step_allocates_nothing_that_grows_with_the_length()
    {
        var bytes = new long[200];
        var at = 0;
        new Generator(model, tokenizer).Run([Prompt(2)], Request("snapkv:observe=4", "2") with { NewTokens = bytes.Length, Sampling = new SamplingOptions(1, TopK: 40) },
            (_, _) => bytes[at++] = GC.GetAllocatedBytesForCurrentThread(), TestContext.Current.CancellationToken);

        Assert.Equal(bytes.Length, at);
        var steps = Enumerable.Range(20, bytes.Length - 21).Select(i => bytes[i + 1] - bytes[i]).ToArray();
        Assert.All(steps, step => Assert.Equal(0, step));
    }

    [Fact]
    public void A_step_of_tensor_operations_allocates_the_same_at_any_length()
    {
        using var scope = NewDisposeScope();
        model.Attention = new ReferenceAttention();
        var bytes = new long[120];
        var at = 0;
        new Generator(model, tokenizer).Run([Prompt(2)], Request("streaming", "2") with { NewTokens = bytes.Length }, (_, _) => bytes[at++] = GC.GetAllocatedBytesForCurrentThread(), TestContext.Current.CancellationToken);

        long Steps(int from) => bytes[from + 30] - bytes[from];
        Assert.Equal(bytes.Length, at);
        Assert.InRange(Steps(85), 0, Steps(25) * 1.02);
    }

    [Theory]
    [InlineData(0, 5, "no prompt")]
    [InlineData(1, 0, "at least 1")]
    [InlineData(1, 2048, "more than the 2048 positions")]
    [InlineData(1, int.MaxValue, "more than the 2048 positions")]
    public void What_cannot_be_generated_is_refused(int prompts, int tokens, string phrase)
    {
        var request = Request("dense", "1") with { NewTokens = tokens };

        var error = Assert.Throws<UsageException>(() => new Generator(model, tokenizer).Run([.. Enumerable.Repeat(Prompt(0), prompts)], request, cancel: TestContext.Current.CancellationToken));

        Assert.Contains(phrase, error.Message);
    }

    [Fact]
    public void Stories260K_tells_the_story_that_its_authors_print()
    {
        using var folder = new TemporaryFolder();
        Llama2cConverter.Convert(Shared.Require("data/checkpoints/stories260K/stories260K.bin"), Shared.Require("data/checkpoints/stories260K/tok512.bin"), folder.File("stories260K"));
        using var file = ModelFiles.Open(folder.File("stories260K"));
        using var stories = LanguageModel.Load(file, float32, CPU, cancel: TestContext.Current.CancellationToken);
        var words = TokenizerFiles.ForFolder(folder.File("stories260K"));

        var result = new Generator(stories, words).Run([[1]], Request("dense", "1") with { NewTokens = 60 }, cancel: TestContext.Current.CancellationToken);

        Assert.StartsWith("Once upon a time, there was a little girl named Lily. She loved to play outside in the park. One day, she saw a big, red ball.", words.Decode(result[0].Ids).TrimStart());
    }

    private static LanguageModel Open()
    {
        using var file = ModelFiles.Open(Folder);
        return LanguageModel.Load(file, float32, CPU);
    }

    private static void Same(IEnumerable<GenerationResult> expected, IEnumerable<GenerationResult> actual) =>
        Assert.Equal(expected.Select(result => (string.Join(' ', result.Ids), result.PromptTokens, result.KeptSlots, result.CacheBytes)), actual.Select(result => (string.Join(' ', result.Ids), result.PromptTokens, result.KeptSlots, result.CacheBytes)));

    private long[] Prompt(int text) => [0, .. tokenizer.Encode(Texts[text]).Select(id => (long)id)];

    private static GenerationRequest Request(string method, string ratio) => new(MethodSpec.Parse(method), Ratio.Parse(ratio), 20, new SamplingOptions(), []);

    private IReadOnlyList<GenerationResult> Run(IReadOnlyList<long[]> prompts, string method, string ratio, int[]? stopIds = null, Action<int, int>? onToken = null, SamplingOptions? sampling = null) =>
        new Generator(model, tokenizer).Run(prompts, Request(method, ratio) with { StopIds = stopIds ?? [], Sampling = sampling ?? new SamplingOptions() }, onToken, TestContext.Current.CancellationToken);
}
