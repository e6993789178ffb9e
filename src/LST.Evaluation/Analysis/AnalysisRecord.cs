using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using LST.Core;
using LST.Evaluation.Perplexity;
using LST.Evaluation.Records;
using static TorchSharp.torch;

namespace LST.Evaluation.Analysis;

/// <summary>A view that took long to compute, kept by name so that notebooks read it.</summary>
public sealed record AnalysisRecord : RunRecord
{
    /// <summary>Kind of these records.</summary>
    public const string RecordKind = "analysis";

    // Panels are tuples, whose parts are fields; series without a part in a run hold NaN.
    private static readonly JsonSerializerOptions ViewOptions = new(RecordJson.Options) { IncludeFields = true, NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals };

    /// <summary>An empty record, to be filled.</summary>
    public AnalysisRecord()
        : base(RecordKind)
    {
    }

    /// <summary>What notebooks ask for: <c>error-grid</c>.</summary>
    public required string Name { get; init; }

    /// <summary>Type of the view: <c>ErrorGrid</c>.</summary>
    public required string View { get; init; }

    /// <summary>The view.</summary>
    public required JsonNode Data { get; init; }

    /// <summary>A record of a view.</summary>
    /// <param name="name">What notebooks ask for.</param>
    /// <param name="view">The view.</param>
    /// <param name="loaded">The model that it was computed with.</param>
    /// <param name="command">What makes it again.</param>
    /// <param name="elapsed">Time that it took.</param>
    /// <param name="options">What it was asked for (text, lengths, method); null: nothing more than the view says.</param>
    /// <param name="seed">Seed of what was drawn.</param>
    public static AnalysisRecord Of<TView>(string name, TView view, LoadedModel loaded, string command, TimeSpan elapsed, JsonObject? options = null, long seed = 0)
        where TView : notnull => new()
        {
            Name = name,
            View = typeof(TView).Name,
            Data = JsonSerializer.SerializeToNode(view, ViewOptions)!,
            Command = command,
            Options = options ?? [],
            Model = loaded.Identity,
            Seed = seed,
            Dtype = PerplexityNames.Dtype(loaded.Model.Dtype),
            Device = loaded.Model.Device.type == TorchSharp.DeviceType.CPU ? "cpu" : loaded.Model.Device.ToString(),
            Backend = loaded.Model.Attention.Name,
            Threads = get_num_threads(),
            Versions = MachineInfo.Versions(__version__, typeof(Tensor).Assembly.GetName().Version?.ToString(3)),
            WallSeconds = elapsed.TotalSeconds,
            PeakMemoryBytes = MachineInfo.PeakMemoryBytes(),
        };

    /// <summary>The newest record of a name.</summary>
    /// <exception cref="DataException">There is none.</exception>
    public static AnalysisRecord Find(RecordStore store, string name)
    {
        var all = store.ReadAll<AnalysisRecord>(RecordKind);
        return all.Where(record => record.Name == name).MaxBy(record => record.Created, StringComparer.Ordinal) ?? throw new DataException(
            $"there is no analysis record '{name}'; there {(all.Count == 0 ? "is none at all" : $"are {string.Join(", ", all.Select(record => record.Name).Distinct())}")}: compute the view and write it with RecordStore.Write");
    }

    /// <summary>The view.</summary>
    /// <exception cref="DataException">The record holds a view of another type.</exception>
    public TView Read<TView>()
    {
        if (View != typeof(TView).Name) throw new DataException($"analysis record '{Name}' must hold a view {typeof(TView).Name}, but it holds {View}; ask for that one");
        try
        {
            return Data.Deserialize<TView>(ViewOptions)!;
        }
        catch (JsonException wrong)
        {
            throw new DataException($"analysis record '{Name}' cannot be read as {View} ({wrong.Message.TrimEnd('.')}); compute it again with this build", wrong);
        }
    }

    /// <inheritdoc/>
    public override string ReadableName() => $"{Kind}-{Model.Name}-{Name}";

    /// <inheritdoc/>
    public override string? Contradiction() => Name.Length == 0 ? "it has no name" : null;
}
