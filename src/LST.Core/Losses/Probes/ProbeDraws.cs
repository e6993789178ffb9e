using LST.Core.Models;
using static TorchSharp.torch;

namespace LST.Core.Losses.Probes;

/// <summary>What the sources share: checks, and draws made on the CPU so that every device gets the same bits.</summary>
internal static class ProbeDraws
{
    public static void Check(ProbeContext context, int count)
    {
        if (count < 1) throw new ArgumentException($"count: expected at least 1 probe, got {count}", nameof(count));
        if (context.Horizon < 1) throw new ArgumentException($"horizon: expected at least 1 future position, got {context.Horizon}", nameof(context));
    }

    /// <summary>Standard normal numbers [H_q, count, D], float32.</summary>
    public static Tensor Normal(ProbeContext context, int count, Generator generator) =>
        randn([context.QueryHeads, count, context.HeadDim], float32, generator: generator).to(context.Device);

    /// <summary>Rows drawn with replacement, for each head on its own: [H_q, N, D] → [H_q, count, D] in float32 or float64.</summary>
    public static Tensor Rows(ProbeContext context, string name, Tensor? queries, int count, Generator generator)
    {
        if (queries is null) throw new ArgumentException($"{name}: probes of layer {context.Layer} are drawn from them, got null", nameof(context));
        LossInputs.Expect(queries, name, "[H_q, T, D]", context.QueryHeads, LossInputs.Any, context.HeadDim);
        LossInputs.ExpectRows(queries, name);
        var index = randint(0, queries.shape[1], [context.QueryHeads, count], int64, generator: generator).to(queries.device);
        var rows = queries.detach().gather(1, index.unsqueeze(-1).expand(-1, -1, context.HeadDim));
        return rows.to(LossInputs.Precision(queries)).to(context.Device);
    }

    /// <summary>Turns rows [H_q, count, D] to future positions T … T + horizon − 1, probe i of all heads to the same one.</summary>
    public static Tensor ToFuturePositions(ProbeContext context, Tensor rows, Generator generator)
    {
        var first = (long)context.Tokens;
        var positions = randint(first, first + context.Horizon, [rows.shape[1]], int64, generator: generator).data<long>().ToArray();
        var (cos, sin) = context.Rotary.Tables(positions);
        return RotaryEmbedding.Rotate(rows, cos.to(rows.device), sin.to(rows.device));
    }

    /// <summary>The statistics, checked against the context.</summary>
    public static QueryStatistics Statistics(ProbeContext context)
    {
        var statistics = context.Statistics ?? throw new ArgumentException($"statistics: probes of layer {context.Layer} are drawn from calibrated query statistics, got null", nameof(context));
        LossInputs.Expect(statistics.Mean, "statistics.Mean", "[H_q, D]", context.QueryHeads, context.HeadDim);
        return statistics;
    }
}
