using System.Text.RegularExpressions;
using LST.Core.Compression;
using LST.Core.Models.Checkpoints;
using LST.Core.Sidecar;

namespace LST.Cli.Tests;

public sealed class TrainUsageTests : IDisposable
{
    private readonly CliRun cli = new();

    public static TheoryData<string, string> WrongLines { get; } = new()
    {
        { "--model nope", "the model \"nope\" is neither a path nor found in" },
        { "--model_name out/nope.gguf", "nothing is there" },
        { "--preset large", "--preset 'large' is unknown; known: lst, lst-large, paper" },
        { "--window_size 1", "--window-size: a sidecar is trained at ratios above 1" },
        { "--window-size x", "ratio 'x'" },
        { "--window-size 0.5", "a compression ratio is at least 1" },
        { "--max_steps 0", "--max-steps '0': it must be a whole number of at least 1" },
        { "--max-steps x", "--max-steps 'x'" },
        { "--minutes 0", "--minutes 0: expected a number above 0" },
        { "--minutes x", "--minutes 'x': it must be a number" },
        { "--minutes 5 --max-steps 5", "--max-steps and --minutes exclude each other" },
        { "--batch_size 0", "--batch-size '0'" },
        { "--learning-rate 0", "--learning-rate 0: expected a number above 0" },
        { "--learning-rate -1", "--learning-rate -1" },
        { "--learning-rate 1e9", "no network learns with that" },
        { "--learning-rate fast", "--learning-rate 'fast'" },
        { "--texts nope", "'nope' is neither a text nor a file" },
        { "--texts ,", "--texts: name at least one training text" },
        { "--texts api", "--texts api: a text to train on must have the role training, but this one has 'test'" },
        { "--dev api", "--dev api: a text to choose a step by must have the role development or training, but this one has 'test'" },
        { "--dev nope", "'nope' is neither a text nor a file" },
        { "--dev ,", "--dev: name at least one development text" },
        { "--dev-chunks 0", "--dev-chunks '0'" },
        { "--dev-queries 3 --dev-chunks 2", "--dev-queries 3: expected at most --dev-chunks, which is 2; give fewer, or more --dev-chunks" },
        { "--dev-queries 5", "--dev-queries 5: expected at most --dev-chunks, which is 4" },
        { "--dev-recall -1", "--dev-recall '-1'" },
        { "--kinds text", "--kinds 'text': expected text=WEIGHT,repeat=WEIGHT,recall=WEIGHT,ruler=WEIGHT" },
        { "--kinds poem=1", "--kinds 'poem=1'" },
        { "--kinds text=x", "--kinds 'x'" },
        { "--tokens-of-text 0", "--tokens-of-text '0'" },
        { "--prefix 0", "--prefix '0'" },
        { "--prefix 1", "--prefix 1: it must be at least 2" },
        { "--suffix 0", "--suffix '0'" },
        { "--prefix 2000 --suffix 100", "--prefix 2000 and --suffix 100 are more than the 2048 positions that model 'lst-ref' was trained on" },
        { "--pool 0", "--pool '0'" },
        { "--lambda-lm -1", "--lambda-lm -1: a weight is a finite number of at least 0" },
        { "--lambda-kl x", "--lambda-kl 'x'" },
        { "--lambda_kl 0", "are all 0: there is nothing to train on" },
        { "--lambda-qpaa 1e300", "--lambda-qpaa" },
        { "--lambda-div nan", "--lambda-div 'nan': it must be a number" },
        { "--probes real", "probes 'real' are not known; known: isotropic, rescaled, gaussian, prefix, repeat" },
        { "--probe-count 0", "--probe-count '0'" },
        { "--qpaa-form half", "--qpaa-form 'half' is unknown; known: full-cache, per-window" },
        { "--qpaa-lse -1", "--qpaa-lse" },
        { "--lambda-div 0.1", "the diversity loss need the same budget for every head of a layer; train with --head-budgets 0" },
        { "--qpaa-form per-window --lambda-qpaa 1", "train with --head-budgets 0" },
        { "--head-budgets -1", "--head-budgets '-1'" },
        { "--diversity none", "--diversity 'none' is unknown; known: cosine, log-determinant, variance-floor" },
        { "--sidecar-option hidden", "--sidecar-option 'hidden': expected key=value with one of the keys" },
        { "--sidecar-option nope=1", "--sidecar-option 'nope=1'" },
        { "--sidecar-option hidden=x", "--sidecar-option hidden=x" },
        { "--sidecar-option hidden=0", "option hidden must be 1 to 65536, found 0" },
        { "--sidecar-option neighbours=[1", "--sidecar-option" },
        { "--seeds x", "--seeds 'x'" },
        { "--seeds 1,,2", "--seeds ''" },
        { "--seeds -1", "--seeds '-1'" },
        { "--dtype int8", "dtype 'int8' is unknown" },
        { "--validate-every 0", "--validate-every '0'" },
        { "--save-every 0", "--save-every '0'" },
        { "--store-mb 0", "--store-mb '0'" },
        { "--threads 0", "--threads '0'" },
        { "--json .", "but it is a folder" },
        { "--shape gpt-2", "--shape 'gpt-2' is unknown; known: llama-2-7b, mistral-7b, llama-3-8b, smollm2-135m, lst-ref" },
        { "--shape llama-2-7b --layers 33", "--layers 33: llama-2-7b has 32 layers; give 1 to 32" },
        { "--shape llama-2-7b --layers 0", "--layers '0'" },
        { "--layers 2", "--layers goes with --shape" },
        { "--foo 3", "unknown option 'foo'; see ./lst train --help" },
        { "stray", "'train' cannot use 'stray'" },
        { "--output-dir", "--output-dir needs a value" },
    };

    [Theory]
    [MemberData(nameof(WrongLines))]
    public void A_wrong_line_is_one_sentence_and_exit_code_2(string line, string sentence)
    {
        var text = cli.Write("text.txt", "some words to train on");
        string[] defaults = [.. line.Contains("--texts") ? (string[])[] : ["--texts", text], .. line.Contains("--dev ") ? (string[])[] : ["--dev", text]];

        cli.Refuses(2, [sentence], ["train", "--output-dir", cli.At("out"), .. defaults, .. line.Split(' ')]);
        Assert.False(Directory.Exists(cli.At("out")));
    }

    [Fact]
    public void Examples_can_be_copied_from_the_help()
    {
        var help = cli.Run("train", "--help").Output;
        var examples = help[..help.IndexOf("OPTIONS:", StringComparison.Ordinal)].Split('\n').Select(line => line.Trim()).Where(line => Regex.IsMatch(line, @"^\./lst train --")).ToList();

        Assert.Equal(3, examples.Count);
        foreach (var example in examples) cli.Refuses(2, ["--seeds 'x'"], [.. example["./lst ".Length..].Split(' '), "--seeds", "x"]);
    }

    [Fact]
    public void The_papers_line_is_understood_and_says_what_it_would_take()
    {
        var files = cli.Files();

        var result = cli.Run("train", "--model_name", "lst-ref", "--output_dir", cli.At("checkpoints/lst_2x"), "--window_size", "2", "--max_steps", "2000", "--batch_size", "512", "--dry-run");

        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        var parameters = SidecarModule.CountParameters(SidecarPresets.Of("lst", "lst-ref", null, ModelShapes.Of("lst-ref").Config, Ratio.Of(2)) with { Choice = TokenChoiceRule.Learned, Network = SidecarNetwork.Means });
        Assert.StartsWith($"lst-ref · lst · 2:1, float32, P = 1024, S = 256: {parameters:N0} parameters\n  2,000 steps of 1 sequence, 1,996 windows a layer and sequence\n", result.Output);
        foreach (var part in new[] { @"weights +34 MB", @"prefix store +\d\.\d GB", @"sidecar, gradients, moments +\d\.\d MB", @"memory at its peak +\d\.\d GB of \S+ [GM]B that are free", @"a step +\d+\.\d\d s at \d+ GFLOP/s", @"the whole run +\d" })
            Assert.Matches(part, result.Output);
        Assert.Equal(files, cli.Files());
    }

    [Theory]
    [InlineData("--preset paper", "paper", "1 sequence")]
    [InlineData("--preset lst-large --batch-size 1500", "lst-large", "3 sequences")]
    [InlineData("--window-size 2,4", "2,4:1", "10 steps of 1 sequence")]
    [InlineData("--window-size 4 --sidecar-option choice=none", "4:1", "4 sequences")]
    [InlineData("--shape mistral-7b --layers 1", "random-mistral-7b-1l", "1 sequence")]
    [InlineData("--shape smollm2-135m --dtype bfloat16", "bfloat16, P = 512, S = 128", "1 sequence")]
    public void A_dry_run_needs_no_weights_and_no_texts(string line, params string[] parts)
    {
        cli.Set("LST_DATA", cli.Folder);

        var result = cli.Run(["train", "--dry-run", "--max-steps", "10", .. line.Split(' '), .. line.Contains("paper") ? ["--batch-size", "512"] : (string[])[]]);

        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        Assert.All(parts, part => Assert.Contains(part, result.Output));
    }

    [Fact]
    public void What_cannot_fit_is_refused_after_the_table_of_a_dry_run_and_before_weights_are_read()
    {
        cli.Set("LST_MEMORY_LIMIT", "1000000000");
        var text = cli.Write("text.txt", "some words to train on");

        var dry = cli.Run("train", "--shape", "llama-2-7b", "--max-steps", "10", "--dry-run");
        Assert.Equal(1, dry.ExitCode);
        Assert.Matches(@"weights +27\.0 GB", dry.Output);
        Assert.Matches(@"^lst: training on 'random-llama-2-7b' needs about 3\d\.\d GB, 1000 MB are free; take a smaller --prefix, --suffix or --store-mb, --dtype bfloat16, or a smaller model\n$", dry.Error);

        cli.Refuses(1, ["training on 'random-llama-2-7b' needs about"], "train", "--shape", "llama-2-7b", "--max-steps", "10", "--texts", text, "--dev", text, "--output-dir", cli.At("out"));
    }

    [Fact]
    public void A_text_that_is_too_short_is_refused_with_its_length()
    {
        var text = cli.Write("text.txt", "some words to train on");

        var result = cli.Run("train", "--texts", text, "--dev", text, "--kinds", "text=1", "--max-steps", "1", "--prefix", "32", "--suffix", "8", "--output-dir", cli.At("out"));

        Assert.Equal((1, ""), (result.ExitCode == 2 ? 1 : result.ExitCode, result.Output));
        Assert.Contains("text.txt", result.ErrorLines[^1]);
        Assert.DoesNotContain("defect", result.Error);
    }

    public void Dispose() => cli.Dispose();
}
