using System.Globalization;
using System.Text.Json.Nodes;
using LST.Core;
using LST.Core.Models.Checkpoints;
using LST.Evaluation;
using LST.Evaluation.Perplexity;
using LST.Evaluation.Records;
using static TorchSharp.torch;

namespace LST.Bench.Models;

/// <summary>
/// Prefill and decode against eager PyTorch: both sides loaded at once, runs alternating, ratios of neighbouring runs. Writes a record beside the table.
/// </summary>
internal static class PeerComparison
{
    private const int DecodeTokens = 64, DecodeIds = 512, PauseMilliseconds = 60;

    public static int Run(string[] arguments)
    {
        string Value(string flag, string otherwise) => Array.IndexOf(arguments, flag) is var at and >= 0 && at + 1 < arguments.Length ? arguments[at + 1] : otherwise;
        var repeats = int.Parse(Value("--repeats", "5"), CultureInfo.InvariantCulture);
        var root = ProjectFolders.Root ?? throw new DataException("the comparison runs in a checkout");
        var rows = new JsonArray();
        foreach (var name in Value("--models", "lst-ref,smollm2").Split(','))
            foreach (var dtype in Value("--dtypes", "float32,bfloat16").Split(','))
                foreach (var style in Value("--styles", "plain,tuned").Split(','))
                    foreach (var row in Compare(Path.Combine(root, "bench", "eager_pytorch.py"), style, name, dtype, repeats)) rows.Add(row);
        var record = new JsonObject
        {
            ["command"] = "LST.Bench model " + string.Join(' ', arguments),
            ["created"] = DateTime.UtcNow.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture),
            ["versions"] = System.Text.Json.JsonSerializer.SerializeToNode(MachineInfo.Versions(__version__), RecordJson.Options),
            ["machine"] = System.Text.Json.JsonSerializer.SerializeToNode(MachineInfo.Current, RecordJson.Options),
            ["threads"] = get_num_threads(),
            ["repeats"] = repeats,
            ["rows"] = rows,
        };
        var file = Value("--json", Path.Combine(root, "bench", "results", "peer.json"));
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(file))!);
        LST.Evaluation.Records.AtomicFile.Write(file, RecordJson.Format(record));
        return 0;
    }

    private static IEnumerable<JsonObject> Compare(string script, string style, string name, string dtype, int repeats)
    {
        var location = ModelFiles.Resolve(name);
        using var loaded = LoadedModel.Open(name, PerplexitySettings.ParseDtype(dtype));
        using var own = new OwnRuns(loaded.Model);
        using var peer = PeerProcess.Start(script, style, location.Path, dtype, get_num_threads());
        // A short prompt, and the prefix of the protocol.
        foreach (var ids in new[] { 512, new PerplexitySettings().PrefixFor(loaded.Model.Config.MaxPositions) })
        {
            var row = Alternate(name, dtype, "prefill", ids, ids, repeats, () => own.Prefill(ids), peer, new JsonObject { ["mode"] = "prefill", ["ids"] = ids });
            var rate = own.ProductRate(ids, repeats);
            var (products, attention) = own.PrefillOperations(ids);
            var seconds = row["own_seconds"]!["median"]!.GetValue<double>();
            row["product_gflops"] = Math.Round(rate, 1);
            row["prefill_gflops_products"] = Math.Round(products / seconds / 1e9, 1);
            row["prefill_gflops_with_attention"] = Math.Round((products + attention) / seconds / 1e9, 1);
            row["share_of_product_rate"] = Math.Round(products / seconds / 1e9 / rate, 3);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"   products alone {rate:0} GFLOP/s; the prefill reaches {products / seconds / 1e9:0} of them ({products / seconds / 1e9 / rate:0.0%}), {(products + attention) / seconds / 1e9:0} with attention"));
            yield return row;
        }
        yield return Alternate(name, dtype, "decode", DecodeIds, DecodeTokens, repeats, () => own.Decode(DecodeIds, DecodeTokens), peer,
            new JsonObject { ["mode"] = "decode", ["ids"] = DecodeIds, ["tokens"] = DecodeTokens });
    }

    private static JsonObject Alternate(string name, string dtype, string mode, int ids, int tokens, int repeats, Func<(double Seconds, long NextId)> own, PeerProcess peer, JsonObject command)
    {
        List<double> ours = [], theirs = [], ratios = [];
        var same = true;
        for (var i = -2; i < repeats; i++)
        {
            // The other side's waiting threads spin for milliseconds after its work; neither is to pay for that.
            Thread.Sleep(PauseMilliseconds);
            var (seconds, nextId) = own();
            Thread.Sleep(PauseMilliseconds);
            var answer = peer.Ask(command);
            if (i < 0) continue;
            ours.Add(seconds);
            theirs.Add(answer["seconds"]!.GetValue<double>());
            ratios.Add(theirs[^1] / seconds);
            same &= answer["next_id"]!.GetValue<long>() == nextId;
        }
        var row = new JsonObject
        {
            ["model"] = name, ["dtype"] = dtype, ["peer_style"] = peer.Ready["style"]!.DeepClone(), ["mode"] = mode, ["ids"] = ids, ["tokens"] = tokens,
            ["own_seconds"] = Summary(ours), ["peer_seconds"] = Summary(theirs), ["ratio"] = Summary(ratios), ["same_next_id"] = same,
            ["own_tokens_per_second"] = Math.Round(tokens / Median(ours), 1), ["peer_tokens_per_second"] = Math.Round(tokens / Median(theirs), 1), ["peer"] = peer.Ready.DeepClone(),
        };
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{name,-8} {dtype,-8} {mode,-7} {ids,5} ids: ours {tokens / Median(ours),8:0.0} tokens/s, eager PyTorch ({peer.Ready["style"]}) {tokens / Median(theirs),8:0.0}; ratio {Median(ratios):0.00} [{ratios.Min():0.00}, {ratios.Max():0.00}]{(same ? "" : " (another next id)")}"));
        return row;
    }

    private static JsonObject Summary(List<double> values) => new() { ["median"] = Median(values), ["min"] = values.Min(), ["max"] = values.Max(), ["all"] = new JsonArray([.. values.Select(v => JsonValue.Create(v))]) };

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);
}
