namespace LST.Cli.Tests;

public sealed class UsageTests : IDisposable
{
    private readonly CliRun cli = new();

    public static TheoryData<string, string> WrongPerplexityLines { get; } = new()
    {
        { "--prefix 0", "--prefix '0': it must be a whole number of at least 1" },
        { "--prefix -5", "--prefix '-5'" },
        { "--prefix=-5", "--prefix '-5'" },
        { "--prefix abc", "--prefix 'abc'" },
        { "--prefix 1.5", "--prefix '1.5'" },
        { "--prefix 1", "--prefix 1: it must be at least 2" },
        { "--prefix 99999999999", "at most 2147483647" },
        { "--suffix 0", "--suffix '0'" },
        { "--suffix -1", "--suffix '-1'" },
        { "--chunks 0", "--chunks '0'" },
        { "--threads 0", "--threads '0'" },
        { "--threads 100000", "--threads '100000'" },
        { "--seed -1", "--seed '-1'" },
        { "--seed x", "--seed 'x'" },
        { "--ratios 0.5", "ratio 500/1000: a compression ratio is at least 1" },
        { "--ratios 1/2", "a compression ratio is at least 1" },
        { "--ratios 0", "a compression ratio is at least 1" },
        { "--ratios -2", "a compression ratio is at least 1" },
        { "--ratios 2/0", "a compression ratio is at least 1" },
        { "--ratios abc", "ratio 'abc': expected a number" },
        { "--ratios nan", "ratio 'nan'" },
        { "--ratios 2,,4", "ratio ''" },
        { "--ratios 1e9", "ratio '1e9'" },
        { "--window_size 0", "a compression ratio is at least 1" },
        { "--methods nope", "method 'nope' is unknown; known methods: dense, " },
        { "--methods dense,,h2o", "an empty name" },
        { "--methods snapkv,snapkv", "'snapkv' is named twice" },
        { "--methods snapkv:foo=3", "method 'snapkv' has no option 'foo'; known options: observe, " },
        { "--methods dense:foo=3", "method 'dense' has no option 'foo'; it has none" },
        { "--methods snapkv:kernel=x", "option kernel='x': expected a whole number" },
        { "--methods snapkv:pooling=min", "option pooling='min': expected one of max, avg, none" },
        { "--methods kvzip:layerwise=maybe", "option layerwise='maybe': expected true or false" },
        { "--methods snapkv:kernel=5:kernel=7", "option 'kernel' is given twice" },
        { "--methods random:seed=1.5", "option seed='1.5': expected a whole number" },
        { "--protocol e9", "protocol 'e9' is unknown; known protocols: e0, e1, e2, e3" },
        { "--dtype int8", "dtype 'int8' is unknown; known: float32, bfloat16, float16" },
        { "--attention fast", "--attention 'fast' is unknown; known: reference, cpu, gpu" },
        { "--equal price", "--equal 'price' is unknown; known: slots, bytes" },
        { "--prefix 2000 --suffix 512", "a chunk of 2512 ids is longer than the 2048 positions that model 'lst-ref' was trained on" },
        { "--prefix 2147483647 --suffix 2147483647", "a chunk of 4294967294 ids is longer" },
        { "--protocol e0 --prefix 4096", "a chunk of 4096 ids is longer" },
        { "--protocol e3 --text api", "--text api: protocol e3 is defined on 100 lines of wikitext2" },
        { "--protocol e3 --prefix 64", "--prefix 64: in protocol e3 the first half of a sample is the prefix" },
        { "--protocol e3 --suffix 64", "--suffix 64: in protocol e3 the second half of a sample is the suffix" },
        { "--protocol e3 --equal bytes", "--equal bytes: protocol e3 gives every method the same slots" },
        { "--protocol e3 --methods h2o:recent=n/2", "protocol e3 sets recent=8 for every method, found recent=n/2" },
        { "--protocol e2 --suffix 64", "--suffix 64: in protocol e2 all ids of a stream behind the first compression are scored" },
        { "--protocol e0 --suffix 64", "--suffix 64: in protocol e0 every id of a block but the first is scored" },
        { "--protocol e1 --step 4", "--step 4: only in protocol e2 do ids arrive in steps" },
        { "--protocol e1 --slots 64", "--slots: only protocol e2 bounds a cache by a number of slots" },
        { "--model nope", "the model \"nope\" is neither a path nor found in" },
        { "--model_name nope", "the model \"nope\" is neither a path nor found in" },
        { "--model somebody/nope", "the model \"somebody/nope\"" },
        { "--model out/nope.gguf", "nothing is there" },
        { "--json .", "but it is a folder" },
        { "--foo 3", "unknown option 'foo'; see ./lst eval ppl --help" },
        { "--foo=3", "unknown option 'foo'" },
        { "-x", "unknown option 'x'" },
        { "stray", "'eval ppl' cannot use 'stray'" },
        { "--model", "--model needs a value, found the end of the line; write --model NAME" },
        { "--json --chunks 1", "--json needs a value, found '--chunks'" },
        { "--window_size", "--window-size needs a value" },
    };

    public static TheoryData<string, string> OtherWrongLines { get; } = new()
    {
        { "foo", "unknown command 'foo'; see ./lst --help" },
        { "eval foo", "unknown command 'foo'; see ./lst eval --help" },
        { "convert foo", "unknown command 'foo'; see ./lst convert --help" },
        { "data foo", "unknown command 'foo'; see ./lst data --help" },
        { "data list --foo", "unknown option 'foo'; see ./lst data list --help" },
        { "doctor x", "'doctor' cannot use 'x'" },
        { "verify a b", "see ./lst verify --help" },
        { "generate", "generate needs --prompt TEXT or --prompt-file FILE" },
        { "generate hi", "'generate' cannot use 'hi': options begin with --, and a text with spaces stands in quotation marks" },
        { "generate --prompt", "--prompt needs a value" },
        { "generate --prompt hi --tokens 0", "--tokens '0'" },
        { "generate --prompt hi --tokens 2048", "3 prompt tokens and 2048 new ones are more than the 2048 positions" },
        { "generate --prompt hi --tokens 2147483647", "more than the 2048 positions" },
        { "generate --prompt hi --method nope", "method 'nope' is unknown" },
        { "generate --prompt hi --method dense,h2o", "method 'dense,h2o' is unknown" },
        { "generate --prompt hi --ratio 0.9", "a compression ratio is at least 1" },
        { "generate --prompt hi --ratio abc", "ratio 'abc'" },
        { "generate --prompt hi --temperature -1", "--temperature -1: it must be at least 0" },
        { "generate --prompt hi --temperature nan", "--temperature 'nan': it must be a number" },
        { "generate --prompt hi --top-p 0", "--top-p 0: it must be above 0 and at most 1" },
        { "generate --prompt hi --top_k -1", "--top-k '-1'" },
        { "generate --prompt hi --seed -1", "--seed '-1'" },
        { "generate --prompt hi --dtype int8", "dtype 'int8' is unknown" },
        { "generate --prompt hi --attention fast", "--attention 'fast' is unknown" },
        { "generate --prompt hi --model nope", "the model \"nope\"" },
        { "convert llama2c", "missing required argument 'BIN'; see ./lst convert llama2c --help" },
        { "convert llama2c a b", "missing required argument 'OUT'" },
        { "convert llama2c a b c d", "see ./lst convert llama2c --help" },
        { "setup", "call ./lst setup" },
        { "reproduce --foo", "unknown option 'foo'; see ./lst reproduce --help" },
        { "reproduce --quick --foo=3", "unknown option 'foo'; see ./lst reproduce --help" },
        { "reproduce -q", "unknown option 'q'; see ./lst reproduce --help" },
        { "reproduce 10-table1-perplexity", "'reproduce' cannot use '10-table1-perplexity'" },
        { "reproduce --check yes", "'reproduce' cannot use 'yes'" },
        { "reproduce --check=yes", "see ./lst reproduce --help" },
        { "reproduce --quick --full", "--quick, --full, --figures and --check exclude each other; give one of them" },
        { "reproduce --quick --figures", "exclude each other" },
        { "reproduce --full --figures", "exclude each other" },
        { "reproduce --check --quick", "exclude each other" },
        { "reproduce --check --full", "exclude each other" },
        { "reproduce --figures --check", "exclude each other" },
    };

    public static TheoryData<string, string> UnknownTexts { get; } = new()
    {
        { "nope", "'nope' is neither a text nor a file; the texts are wikitext2, api" },
        { "", "'' is neither a text nor a file" },
        { "api,", "'' is neither a text nor a file" },
    };

    [Theory]
    [MemberData(nameof(WrongPerplexityLines))]
    public void A_wrong_perplexity_line_is_one_sentence_and_exit_code_2(string line, string sentence)
    {
        var text = cli.Write("text.txt", Words(200));

        cli.Refuses(2, [sentence], ["eval", "ppl", "--text", text, .. line.Split(' ')]);
    }

    [Theory]
    [MemberData(nameof(OtherWrongLines))]
    public void A_wrong_line_is_one_sentence_and_exit_code_2(string line, string sentence) => cli.Refuses(2, [sentence], line.Split(' '));

    [Theory]
    [MemberData(nameof(UnknownTexts))]
    public void An_unknown_text_lists_the_known_ones(string text, string sentence) => cli.Refuses(2, [sentence], "eval", "ppl", "--text", text);

    [Fact]
    public void A_gpu_that_is_not_there_says_how_to_get_a_build_for_it()
    {
        if (TorchSharp.torch.cuda.is_available()) Assert.Skip("this machine has a GPU");

        cli.Refuses(2, ["--attention gpu: no CUDA device is visible", "use --attention cpu"], "eval", "ppl", "--attention", "gpu", "--text", cli.Write("text.txt", Words(20)));
    }

    [Fact]
    public void A_prompt_beyond_the_models_positions_is_refused() =>
        cli.Refuses(2, ["prompt tokens and 8 new ones are more than the 2048 positions that model 'lst-ref' was trained on"],
            "generate", "--tokens", "8", "--prompt-file", cli.Write("prompt.txt", Words(3000)));

    [Theory]
    [InlineData("folder/", "but it is a folder")]
    [InlineData("text.txt/rows.json", "but 'text.txt' is a file")]
    [InlineData("", "it is empty")]
    public void A_place_where_no_json_can_be_written_is_refused_before_the_run(string place, string sentence)
    {
        var text = cli.Write("text.txt", Words(200));

        cli.Refuses(2, [sentence], "eval", "ppl", "--text", text, "--prefix", "16", "--suffix", "8", "--chunks", "1", "--json", place.Length == 0 ? "" : cli.At(place));
    }

    [Fact]
    public void A_memory_limit_that_is_no_number_is_refused()
    {
        cli.Set("LST_MEMORY_LIMIT", "8 GB");

        cli.Refuses(2, ["LST_MEMORY_LIMIT '8 GB': it must be a whole number of bytes"], "generate", "--prompt", "hi");
    }

    [Theory]
    [InlineData("1000000", "model 'lst-ref' in float32 needs about 42 MB, 1.0 MB are free")]
    [InlineData("100000000", "one chunk with 2 rows needs about")]
    public void What_cannot_fit_into_memory_is_refused_with_both_numbers(string limit, string sentence)
    {
        cli.Set("LST_MEMORY_LIMIT", limit);
        var text = cli.Write("text.txt", Words(200));

        cli.Refuses(1, [sentence], "eval", "ppl", "--text", text, "--prefix", "16", "--suffix", "8", "--methods", "streaming", "--ratios", "2");
    }

    [Fact]
    public void Protected_tokens_that_fill_the_prompt_are_refused_before_the_weights_are_read()
    {
        var text = cli.Write("text.txt", Words(200));

        var result = cli.Run("eval", "ppl", "--text", text, "--prefix", "16", "--suffix", "8", "--methods", "streaming:sinks=15", "--ratios", "2");

        result.FailsWith(1, "streaming:sinks=15 at 2:1 keeps all", "give a longer --prefix");
        Assert.Single(result.ErrorLines);
    }

    public void Dispose() => cli.Dispose();

    private static string Words(int count) => string.Join(' ', Enumerable.Repeat("word", count));
}
