using System.Text.Json;
using LST.Core.Compression;
using LST.Evaluation;
using LST.Evaluation.Perplexity;
using LST.Evaluation.Records;
using static TorchSharp.torch;

namespace LST.Bench.Compaction;

/// <summary>
/// <c>compaction --model NAME --dtype TYPE --ids T --methods LIST --ratio R [--json FILE]</c>: time of compressing a prompt against its own prefill, both in the same run and
/// on the same prompt; medians over repeats. Real text, for what a method does may depend on it.
/// </summary>
internal static class CompactionBenchmark
{
    private const int Repeats = 9;

    public static int Run(string[] arguments)
    {
        string Value(string flag, string otherwise) => Array.IndexOf(arguments, flag) is var at and >= 0 && at + 1 < arguments.Length ? arguments[at + 1] : otherwise;
        var dtype = PerplexitySettings.ParseDtype(Value("--dtype", "bfloat16"));
        var tokens = int.Parse(Value("--ids", "2047"), System.Globalization.CultureInfo.InvariantCulture);
        var ratio = Ratio.Parse(Value("--ratio", "2"));
        using var loaded = LoadedModel.Open(Value("--model", "smollm2"), dtype);
        var text = Evaluation.Texts.TextCatalog.FromEnvironment().Load("api-dev");
        var ids = loaded.Encode(text.Content[..Math.Min(text.Content.Length, tokens * 12)]).Take(tokens - 1).Select(id => (long)id).Prepend(loaded.BosId).ToArray();
        List<object> rows = [];
        foreach (var method in MethodSpec.ParseList(Value("--methods", "lst,snapkv,streaming,mean")))
        {
            using var compressor = method.Create();
            List<double> prefill = [], compress = [];
            for (var i = 0; i <= Repeats; i++)
            {
                using var scope = NewDisposeScope();
                using var prompts = PromptCompression.Run(loaded.Model, ids, [new CompressionJob(compressor, ratio)], loaded.Tokenizer);
                if (i == 0) continue;                       // the first one reads files and lays out windows
                prefill.Add(prompts.PrefillMilliseconds);
                compress.Add(prompts.Jobs[0].Milliseconds);
            }
            var shares = compress.Zip(prefill, (c, p) => c / p).Order().ToList();
            Console.WriteLine(FormattableString.Invariant($"{method.Typed,-40} prefill {Median(prefill),8:0.0} ms, compression {Median(compress),8:0.0} ms, share {shares[shares.Count / 2],6:P1} ({shares[0]:P1} to {shares[^1]:P1})"));
            rows.Add(new { method = method.Typed, prefill_ms = prefill, compress_ms = compress, share_median = shares[shares.Count / 2], share_min = shares[0], share_max = shares[^1], parameters = compressor.Parameters(ratio) });
        }
        if (Value("--json", "") is { Length: > 0 } file)
            AtomicFile.Write(file, JsonSerializer.Serialize(new
            {
                command = "LST.Bench compaction " + string.Join(' ', arguments), model = loaded.Identity, dtype = PerplexityNames.Dtype(dtype), ids = ids.Length, ratio = ratio.ToString(), threads = get_num_threads(),
                machine = MachineInfo.Current, versions = MachineInfo.Versions(__version__, null), rows,
            }, RecordJson.Options));
        return 0;
    }

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);
}
