using System.Globalization;
using LST.Core.Caching;
using LST.Core.Compression;

namespace LST.Notebooks.Display;

/// <summary>Caches as tables: slots, bytes and ratio by layer and head.</summary>
internal static class CacheDisplay
{
    // More heads than this stand as a range in one column.
    private const int MostHeads = 8;

    public static void Register()
    {
        Displays.Show<KvCache>(cache => Of(cache, "Cache"));
        Displays.Show<CompressedPrompt>(prompt => Of(prompt.Cache, string.Create(CultureInfo.InvariantCulture, $"Compressed prompt, {prompt.Milliseconds:0.0} ms")));
        Displays.Show<CompressedLayer>(Of);
    }

    private static Table Of(KvCache cache, string what)
    {
        var seen = cache.NextPositions.ToArray();
        var heads = cache.Layers.Select(layer => layer.Prefix?.KeyValueHeads ?? 0).Max();
        List<(string, Side)> columns = [("layer", Side.Right), .. Columns(heads, cache.Batch), ("tail tokens", Side.Right), ("bytes", Side.Right), ("tokens / slots", Side.Right)];
        var rows = cache.Layers.Select((layer, index) =>
        {
            var slots = Slots(layer.Prefix, heads, cache.Batch);
            var kept = (layer.Prefix is { } prefix ? prefix.Slots / (double)(prefix.Batch * prefix.KeyValueHeads) : 0) + layer.Tail.Length;
            return (IReadOnlyList<string>)[$"{index}", .. slots, Visible.Number(layer.Tail.Length), Visible.Bytes(layer.Bytes), Ratio(seen.Average(), kept)];
        }).ToList();
        var tokens = seen.Distinct().Count() == 1 ? Visible.Number(seen[0]) : $"{Visible.Number(seen.Min())} to {Visible.Number(seen.Max())}";
        return new Table($"{what}: {cache.Layers.Count} layers, batch {cache.Batch}, {tokens} tokens seen, {Visible.Bytes(cache.Bytes)}", columns, rows,
            "bytes: compressed slots and allocated blocks of the tail");
    }

    private static Table Of(CompressedLayer layer)
    {
        var rows = new List<IReadOnlyList<string>>();
        for (var sample = 0; sample < layer.Batch; sample++)
        {
            for (var head = 0; head < layer.KeyValueHeads; head++)
            {
                var slots = layer.Length(sample, head);
                var first = layer.Offsets[sample * layer.KeyValueHeads + head];
                var tokens = slots == 0 ? 0 : layer.Positions[first + slots - 1] + 1;
                rows.Add([$"{sample}", $"{head}", Visible.Number(slots), Visible.Number(tokens), Visible.Bytes(BytesOf(layer, slots)), Ratio(tokens, slots)]);
            }
        }
        return new Table($"Compressed layer: {Visible.Number(layer.Slots)} slots, {Visible.Bytes(layer.Bytes)}",
            [("sample", Side.Right), ("KV head", Side.Right), ("slots", Side.Right), ("tokens", Side.Right), ("key and value bytes", Side.Right), ("tokens / slots", Side.Right)], rows,
            "tokens: up to the last slot's position");
    }

    private static IEnumerable<(string, Side)> Columns(int heads, int batch) => heads == 0 ? []
        : heads > MostHeads || batch > 1 ? [("slots a head", Side.Right)]
        : Enumerable.Range(0, heads).Select(head => ($"slots of head {head}", Side.Right));

    private static IEnumerable<string> Slots(CompressedLayer? prefix, int heads, int batch)
    {
        if (heads == 0) return [];
        if (heads <= MostHeads && batch == 1) return Enumerable.Range(0, heads).Select(head => prefix is null ? "" : Visible.Number(prefix.Length(0, head)));
        if (prefix is null) return [""];
        var lengths = Enumerable.Range(0, prefix.Batch * prefix.KeyValueHeads).Select(i => prefix.Length(i / prefix.KeyValueHeads, i % prefix.KeyValueHeads)).ToList();
        return [lengths.Min() == lengths.Max() ? Visible.Number(lengths[0]) : $"{Visible.Number(lengths.Min())} to {Visible.Number(lengths.Max())}"];
    }

    private static long BytesOf(CompressedLayer layer, int slots) => slots * layer.Keys.shape[1] * (layer.Keys.ElementSize + layer.Values.ElementSize);

    private static string Ratio(double tokens, double slots) => slots == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"{tokens / slots:0.00}");
}
