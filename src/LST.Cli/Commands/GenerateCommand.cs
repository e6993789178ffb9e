using System.ComponentModel;
using System.Diagnostics;
using LST.Cli.Terminal;
using LST.Core;
using LST.Core.Compression;
using LST.Core.Compression.Online;
using LST.Core.Models.Generation;
using LST.Evaluation;
using LST.Evaluation.Perplexity;
using Spectre.Console.Cli;

namespace LST.Cli.Commands;

/// <summary><c>./lst generate</c>.</summary>
public sealed class GenerateCommand : Command<GenerateCommand.Settings>
{
    /// <summary>Flags.</summary>
    public sealed class Settings : CommandSettings
    {
        /// <summary>Model.</summary>
        [CommandOption("--model|--model-name <NAME>"), DefaultValue("lst-ref"), Description("A Hugging Face folder, a .gguf file, or a name: lst-ref, smollm2, a hub name (also --model-name).")]
        public string Model { get; init; } = "lst-ref";

        /// <summary>Prompts.</summary>
        [CommandOption("--prompt <TEXT>"), Description("The prompt; several --prompt are decoded together as one batch.")]
        public string[] Prompts { get; init; } = [];

        /// <summary>File with a prompt.</summary>
        [CommandOption("--prompt-file <FILE>"), Description("Read the prompt from a UTF-8 file.")]
        public string? PromptFile { get; init; }

        /// <summary>Chat.</summary>
        [CommandOption("--chat"), Description("Put the prompt into the model's chat template.")]
        public bool Chat { get; init; }

        /// <summary>Method.</summary>
        [CommandOption("--method <METHOD>"), DefaultValue("dense"), Description("name[[:key=value...]] of a method below.")]
        public string Method { get; init; } = "dense";

        /// <summary>Ratio.</summary>
        [CommandOption("--ratio <R>"), DefaultValue("2"), Description("Compression ratio of the prompt's cache.")]
        public string Ratio { get; init; } = "2";

        /// <summary>Online.</summary>
        [CommandOption("--online"), Description("Go on compressing while decoding, with a method that can.")]
        public bool Online { get; init; }

        /// <summary>Length.</summary>
        [CommandOption("--tokens <N>"), DefaultValue("128"), Description("Most new tokens.")]
        public string Tokens { get; init; } = "128";

        /// <summary>Temperature.</summary>
        [CommandOption("--temperature <X>"), DefaultValue("0"), Description("0: greedy.")]
        public string Temperature { get; init; } = "0";

        /// <summary>Top k.</summary>
        [CommandOption("--top-k <K>"), DefaultValue("0"), Description("Sample among the k likeliest; 0: all.")]
        public string TopK { get; init; } = "0";

        /// <summary>Top p.</summary>
        [CommandOption("--top-p <P>"), DefaultValue("1"), Description("Sample among the likeliest that reach this probability.")]
        public string TopP { get; init; } = "1";

        /// <summary>Seed.</summary>
        [CommandOption("--seed <N>"), DefaultValue("0"), Description("Seed of the draws.")]
        public string Seed { get; init; } = "0";

        /// <summary>Type.</summary>
        [CommandOption("--dtype <TYPE>"), DefaultValue("float32"), Description("float32, bfloat16 or float16.")]
        public string Dtype { get; init; } = "float32";

        /// <summary>Attention.</summary>
        [CommandOption("--attention <NAME>"), DefaultValue("cpu"), Description("reference, cpu or gpu.")]
        public string Attention { get; init; } = "cpu";
    }

    /// <inheritdoc/>
    public override int Execute(CommandContext context, Settings settings, CancellationToken cancellationToken)
    {
        var prompts = settings.Prompts.ToList();
        if (settings.PromptFile is { } file) prompts.Add(GenerationPrompt.Read(file));
        if (prompts.Count == 0) throw new UsageException("generate needs --prompt TEXT or --prompt-file FILE");
        var seed = Numbers.Whole("--seed", settings.Seed, 0);
        var method = MethodSpec.Parse(settings.Method, seed);
        var sampling = new SamplingOptions(Numbers.Real("--temperature", settings.Temperature), Numbers.Whole("--top-k", settings.TopK, 0), Numbers.Real("--top-p", settings.TopP), seed).Checked();
        var ratio = Ratio.Parse(settings.Ratio);
        if (settings.Online) CheckOnline(method);
        var tokens = Numbers.Whole("--tokens", settings.Tokens, 1);
        var dtype = PerplexitySettings.ParseDtype(settings.Dtype);

        using var loaded = RunDisplay.Show(progress => LoadedModel.Open(settings.Model, dtype, settings.Attention.ToLowerInvariant(), progress, cancel: cancellationToken));
        var ids = prompts.Select(prompt => GenerationPrompt.Ids(loaded, prompt, settings.Chat)).ToList();
        var printer = new TokenPrinter(loaded.Tokenizer, Console.Out);
        var clock = Stopwatch.StartNew();
        var request = new GenerationRequest(method, ratio, tokens, sampling, GenerationPrompt.StopIds(loaded)) { IsOnline = settings.Online };
        var results = new Generator(loaded.Model, loaded.Tokenizer).Run(ids, request, ids.Count == 1 ? (_, id) => printer.Add(id) : null, cancellationToken);
        var elapsed = clock.Elapsed;
        if (ids.Count == 1) printer.End();
        else for (var b = 0; b < results.Count; b++) Console.WriteLine($"[{b}] {loaded.Tokenizer.Decode(results[b].Ids, skipSpecial: true)}");

        var config = loaded.Model.Config;
        for (var b = 0; b < results.Count; b++)
        {
            var result = results[b];
            var dense = (long)config.Layers * config.KeyValueHeads * result.PromptTokens;
            Console.Error.WriteLine($"{method.Typed}: {result.PromptTokens} prompt token{(result.PromptTokens == 1 ? "" : "s")} in {(double)result.KeptSlots / config.Layers / config.KeyValueHeads:0.#} slots a head ({(double)dense / result.KeptSlots:0.00}:1, {MemoryEstimate.Text(result.CacheBytes)}), {result.Ids.Length} new tokens");
            if (result.End is { } end)
                Console.Error.WriteLine($"online: {end.Tokens} tokens in {(double)end.Slots / config.Layers / config.KeyValueHeads:0.#} slots a head at the end ({(double)end.Tokens * config.Layers * config.KeyValueHeads / end.Slots:0.00}:1), {end.Bytes} bytes allocated ({(double)end.Bytes / end.Tokens:0.#} a token)");
        }
        Console.Error.WriteLine($"{elapsed.TotalSeconds:0.0} s in all, {results.Sum(r => r.Ids.Length) / elapsed.TotalSeconds:0.0} tokens/s with prefill and compression");
        return cancellationToken.IsCancellationRequested ? 130 : 0;
    }

    // Before a model is loaded.
    private static void CheckOnline(MethodSpec method)
    {
        using var compressor = method.Create();
        OnlineCompression.Require(compressor, method.Name);
    }
}
