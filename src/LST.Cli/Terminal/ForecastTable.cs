using System.Globalization;
using LST.Core.Training;
using LST.Evaluation;

namespace LST.Cli.Terminal;

/// <summary>A forecast of a training run on standard output.</summary>
internal static class ForecastTable
{
    public static void Write(string what, TrainingForecast forecast, TrainingOptions options, double rate)
    {
        void Line(FormattableString line) => Console.WriteLine(line.ToString(CultureInfo.InvariantCulture));
        Line($"{what}: {forecast.Parameters:N0} parameters");
        Line($"  {options.Steps:N0} steps of {options.Sequences} {(options.Sequences == 1 ? "sequence" : "sequences")}, {forecast.Windows:N0} windows a layer and sequence");
        foreach (var part in forecast.Parts) Line($"  {part.Name,-40} {MemoryEstimate.Text(part.Bytes),8}");
        Line($"  {"memory at its peak",-40} {MemoryEstimate.Text(forecast.PeakBytes),8} of {MemoryEstimate.Text(MemoryEstimate.Available())} that are free");
        Line($"  {"a dense pass over one sequence",-40} {forecast.DenseWork / 1e9,8:N1} GFLOP");
        Line($"  {"a step behind it",-40} {forecast.StepWork / 1e9,8:N1} GFLOP");
        Line($"  {"a step",-40} {forecast.StepSeconds,8:0.00} s at {rate / 1e9:0} GFLOP/s, measured just now");
        Line($"  {"the whole run",-40} {Time(forecast.TotalSeconds),8}");
    }

    private static string Time(double seconds) => seconds < 120 ? string.Create(CultureInfo.InvariantCulture, $"{seconds:0} s")
        : seconds < 7200 ? string.Create(CultureInfo.InvariantCulture, $"{seconds / 60:0} min") : string.Create(CultureInfo.InvariantCulture, $"{seconds / 3600:0.0} h");
}
