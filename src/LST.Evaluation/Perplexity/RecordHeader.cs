using System.Text.Json.Nodes;
using LST.Evaluation.Records;
using LST.Evaluation.Texts;
using static TorchSharp.torch;

namespace LST.Evaluation.Perplexity;

/// <summary>What every record of a perplexity run says of its command, model and machine.</summary>
internal static class RecordHeader
{
    /// <summary>A record without rows.</summary>
    public static PerplexityRecord Of(LoadedModel loaded, PerplexitySettings settings, LoadedText text, string command, JsonObject options, TimeSpan elapsed) => new()
    {
        Command = command,
        Options = options,
        Model = loaded.Identity,
        Seed = settings.Seed,
        Dtype = PerplexityNames.Dtype(loaded.Model.Dtype),
        Device = loaded.Model.Device.type == TorchSharp.DeviceType.CPU ? "cpu" : loaded.Model.Device.ToString(),
        Backend = loaded.Model.Attention.Name,
        Threads = get_num_threads(),
        Versions = MachineInfo.Versions(__version__, typeof(Tensor).Assembly.GetName().Version?.ToString(3)),
        WallSeconds = elapsed.TotalSeconds,
        PeakMemoryBytes = MachineInfo.PeakMemoryBytes(),
        Text = TextIdentity.Of(text),
        Protocol = settings.Protocol,
        Chunks = 0,
        Rows = [],
    };
}
