using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using LST.Core;
using LST.Core.Models.Checkpoints;
using LST.Core.Text;

namespace LST.Bench.Tokenizers;

/// <summary>MB/s (10^6 bytes of UTF-8) of encoding and decoding on one thread, for each tokenizer found under the data folder.</summary>
internal static class TokenizerThroughput
{
    private const int Repeats = 9;

    private static readonly JsonSerializerOptions Json = new() { WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    private static readonly (string Name, string Path)[] Files =
    [
        ("llama2 (sentencepiece)", "data/tokenizers/llama2/tokenizer.model"),
        ("mistral (sentencepiece)", "data/tokenizers/mistral-7b/tokenizer.model"),
        ("llama3 (tiktoken)", "data/tokenizers/llama3/tokenizer.model"),
        ("lst-ref (tokenizer.json)", "data/models/lst-ref/tokenizer.json"),
        ("smollm2 (GGUF)", "data/models/SmolLM2-135M-Instruct.Q4_1.gguf"),
    ];

    /// <summary>
    /// Arguments: [folder that holds <c>data</c>] [JSON file to write]; default <c>LST_SHARED</c> or <c>../shared</c>,
    /// and <c>artifacts/bench/tokenizers.json</c>.
    /// </summary>
    internal static int Run(string[] args)
    {
        var shared = args.ElementAtOrDefault(0) ?? Environment.GetEnvironmentVariable("LST_SHARED") ?? "../shared";
        var output = args.ElementAtOrDefault(1) ?? Path.Combine("artifacts", "bench", "tokenizers.json");
        var textFile = Path.Combine(shared, "data", "wikitext-2", "wiki.test.raw");
        if (!File.Exists(textFile)) throw new DataException($"{textFile}: the throughput is measured on this text, but it is not there; give the " +
            $"folder that holds 'data' as the first argument.");
        var text = File.ReadAllText(textFile);
        var rows = new List<Row>();
        Console.WriteLine($"{"tokenizer",-28} {"open ms",8} {"first",8} {"encode MB/s (p10 - p90)",28} {"decode MB/s (p10 - p90)",28}");
        foreach (var (name, file) in Files)
        {
            if (!File.Exists(Path.Combine(shared, file)))
            {
                Console.WriteLine($"{name,-28} skipped: {file} is not there");
                continue;
            }
            var row = Measure(name, Path.Combine(shared, file), text);
            rows.Add(row);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{row.Tokenizer,-28} {row.OpenMilliseconds,8:F0} {row.FirstEncodeMegabytesPerSecond,8:F2} {Shown(row.Encode),28} {Shown(row.Decode),28}"));
        }
        var record = new
        {
            schema = 1,
            text = "wikitext-2/wiki.test.raw",
            bytes = Encoding.UTF8.GetByteCount(text),
            threads = 1,
            repeats = Repeats,
            runtime = RuntimeInformation.FrameworkDescription,
            rows,
        };
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(output))!);
        File.WriteAllText(output, JsonSerializer.Serialize(record, Json));
        return 0;
    }

    private static Row Measure(string name, string path, string text)
    {
        var clock = Stopwatch.StartNew();
        var tokenizer = Open(path);
        var open = clock.Elapsed.TotalMilliseconds;
        var megabytes = Encoding.UTF8.GetByteCount(text) / 1e6;

        // The first pass has an empty word cache and cold code; it is reported by itself.
        clock.Restart();
        var ids = tokenizer.Encode(text);
        var first = megabytes / clock.Elapsed.TotalSeconds;
        var encode = Rates(megabytes, () => tokenizer.Encode(text));
        var decode = Rates(megabytes, () => tokenizer.Decode(ids));
        if (tokenizer.Decode(ids) != text) throw new TokenizerException($"{name}: decoding has to give the text back, but it does not.");
        return new Row(name, ids.Length, open, first, encode, decode);
    }

    private static ITokenizer Open(string path)
    {
        if (!path.EndsWith(".gguf", StringComparison.Ordinal)) return TokenizerFiles.FromFile(path);
        using var file = GgufFile.Open(path);
        return TokenizerFiles.FromGguf(file.Metadata);
    }

    private static Rate Rates(double megabytes, Action work)
    {
        work();
        var rates = new double[Repeats];
        for (var i = 0; i < Repeats; i++)
        {
            var clock = Stopwatch.StartNew();
            work();
            rates[i] = megabytes / clock.Elapsed.TotalSeconds;
        }
        Array.Sort(rates);
        return new Rate(rates[Repeats / 2], rates[(int)(0.1 * (Repeats - 1) + 0.5)], rates[(int)(0.9 * (Repeats - 1) + 0.5)]);
    }

    private static string Shown(Rate rate) => string.Create(CultureInfo.InvariantCulture, $"{rate.Median:F1} ({rate.P10:F1} - {rate.P90:F1})");

    private sealed record Rate(double Median, double P10, double P90);

    private sealed record Row(string Tokenizer, int Tokens, double OpenMilliseconds, double FirstEncodeMegabytesPerSecond, Rate Encode, Rate Decode);
}
