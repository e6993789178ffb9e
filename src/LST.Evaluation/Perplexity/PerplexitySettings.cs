using LST.Core;
using LST.Core.Compression;
using LST.Core.Models;
using LST.Evaluation.Perplexity.DocumentCompatible;
using LST.Evaluation.Records;
using static TorchSharp.torch;

namespace LST.Evaluation.Perplexity;

/// <summary>At what methods are compared.</summary>
public enum EqualBasis
{
    /// <summary>The same n for every method.</summary>
    Slots,

    /// <summary>The n for which bytes per token stay at or below dense bytes / r.</summary>
    Bytes,
}

/// <summary>What one perplexity run is asked for.</summary>
public sealed record PerplexitySettings
{
    /// <summary><c>e0</c>: blocks of P ids, dense. <c>e1</c>: prefill P − 1 ids, compress, score the S ids behind. <c>e2</c>: streams whose cache is compressed while they go on. <c>e3</c>: halves of frozen lines, as the paper's table was made.</summary>
    public string Protocol { get; init; } = "e1";

    /// <summary>P (e1), the block length (e0) or the tokens of a stream (e2), in ids; e3 has none; null: the model's own (<see cref="PrefixFor"/>).</summary>
    public int? Prefix { get; init; }

    /// <summary>S, scored ids of a chunk.</summary>
    public int Suffix { get; init; } = 512;

    /// <summary>Only the first N chunks, or samples; null: all.</summary>
    public int? Chunks { get; init; }

    /// <summary>Methods; dense is added in front when it is missing.</summary>
    public IReadOnlyList<MethodSpec> Methods { get; init; } = [];

    /// <summary>Ratios.</summary>
    public IReadOnlyList<Ratio> Ratios { get; init; } = [Ratio.Of(2)];

    /// <summary>Ids of a step of a stream (e2); 1 is exact.</summary>
    public int Step { get; init; } = 16;

    /// <summary>Numbers of slots of a stream's cache (e2), in place of ratios; empty: the ratios count.</summary>
    public IReadOnlyList<int> StreamSlots { get; init; } = [];

    /// <summary>Same slots or same bytes.</summary>
    public EqualBasis Equal { get; init; }

    /// <summary>Seed of intervals and of methods that draw.</summary>
    public int Seed { get; init; }

    /// <summary>How losses of chunks are averaged (<see cref="PerplexityRow.Average"/>).</summary>
    internal string? Average => Protocol == "e3" ? ChunkAverages.OverSamples : null;

    /// <summary>P of a model by its trained length: 1,024 up to 2,048 trained positions, else 2,048 (e0: blocks of 2,048 or the trained length; e2: the trained length; e3: the most ids of a sample).</summary>
    public int PrefixFor(int maxPositions) => Prefix ?? Protocol switch
    {
        "e0" => Math.Min(2048, maxPositions),
        "e2" => maxPositions,
        "e3" => LineSamples.Longest,
        _ => maxPositions <= 2048 ? 1024 : 2048,
    };

    /// <summary>Checks what does not depend on model and text.</summary>
    /// <exception cref="UsageException">A number or name is out of range.</exception>
    public void Check()
    {
        if (Protocol is not ("e0" or "e1" or "e2" or "e3")) throw new UsageException($"protocol '{Protocol}' is unknown; known protocols: e0, e1, e2, e3");
        foreach (var (name, value) in new[] { ("prefix", Prefix ?? 1), ("suffix", Suffix), ("chunks", Chunks ?? 1), ("step", Step), ("slots", StreamSlots.Count == 0 ? 1 : StreamSlots.Min()) })
            if (value < 1) throw new UsageException($"--{name} {value}: it must be a whole number of at least 1");
        if (Prefix == 1) throw new UsageException("--prefix 1: it must be at least 2, BOS and one id to compress");
        if (Protocol == "e3" && Prefix is { } prefix) throw new UsageException($"--prefix {prefix}: in protocol e3 the first half of a sample is the prefix, whatever its length; leave it out, or take --protocol e1");
        if (Protocol == "e3" && Equal == EqualBasis.Bytes) throw new UsageException("--equal bytes: protocol e3 gives every method the same slots, as the paper's table did; leave it out, or take --protocol e1");
        if (Protocol == "e3") _ = TableMethods();
        if (Protocol == "e2" && Equal == EqualBasis.Bytes) throw new UsageException("--equal bytes: protocol e2 bounds the slots of a cache while tokens arrive; leave it out, or take --protocol e1");
        if (Protocol != "e2" && StreamSlots.Count > 0) throw new UsageException("--slots: only protocol e2 bounds a cache by a number of slots; give --ratios, or take --protocol e2");
        if (Ratios.Count == 0) throw new UsageException("--ratios: at least one ratio is needed, such as 2,4,8");
    }

    /// <summary>Checks that a chunk fits the positions that a model was trained on.</summary>
    /// <exception cref="UsageException">It is longer.</exception>
    public void CheckPositions(ModelConfig config, string model)
    {
        var longest = PrefixFor(config.MaxPositions) + (Protocol == "e1" ? (long)Suffix : 0);
        if (longest > config.MaxPositions)
            throw new UsageException($"a chunk of {longest} ids is longer than the {config.MaxPositions} positions that model '{model}' was trained on; {(Protocol == "e3" ? "protocol e3 needs a model with more" : "give smaller --prefix and --suffix")}");
    }

    /// <summary>
    /// The methods of the rows below dense. E3: each with the protection of the protocol, behind it its form as printed where the paper's table had it.
    /// </summary>
    /// <exception cref="UsageException">A method was typed with options that the protocol sets.</exception>
    internal IReadOnlyList<MethodSpec> TableMethods()
    {
        var methods = Methods.Where(method => method.Name != "dense");
        if (Protocol != "e3") return [.. methods];
        List<MethodSpec> table = [];
        foreach (var method in methods.Select(EqualProtection.Of))
        {
            table.Add(method);
            if (AsPrinted.Of(method) is { } printed && table.TrueForAll(other => other.Typed != printed.Typed)) table.Add(printed);
        }
        return table;
    }

    /// <summary>The ratio that a row's method is handed for T tokens.</summary>
    internal Ratio BudgetOf(Row row, int tokens) => Protocol == "e3" ? EqualProtection.Budget(row.Method, row.Ratio, tokens) : row.Budget;

    /// <summary>Reads a dtype name.</summary>
    public static ScalarType ParseDtype(string name) => name.ToLowerInvariant() switch
    {
        "float32" or "fp32" => float32,
        "bfloat16" or "bf16" => bfloat16,
        "float16" or "fp16" => float16,
        _ => throw new UsageException($"dtype '{name}' is unknown; known: float32, bfloat16, float16"),
    };

    /// <summary>The name of a dtype in records.</summary>
    public static string DtypeName(ScalarType dtype) => dtype == float32 ? "float32" : dtype == bfloat16 ? "bfloat16" : "float16";
}
