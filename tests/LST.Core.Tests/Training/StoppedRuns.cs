using LST.Core.Models;
using LST.Core.Tests.Models;
using LST.Core.Training;

namespace LST.Core.Tests.Training;

/// <summary>Runs of a tiny model in a folder of their own that are stopped somewhere, and what they leave behind.</summary>
internal sealed class StoppedRuns : IDisposable
{
    private readonly string root = Directory.CreateTempSubdirectory("lst-runs-").FullName;

    public LanguageModel Model { get; } = TinyModels.Load(TinyModels.Mha);

    public string At(string name) => Path.Combine(root, name);

    /// <summary>Stops when so many things were reported (phases, steps, validations); a run may end before. Null: it was stopped.</summary>
    public TrainingResult? Run(string name, TrainingOptions options, int stopAt = int.MaxValue)
    {
        using var stop = new CancellationTokenSource();
        return Run(name, options, TrainingCases.RandomData(), new Stopping(stop, stopAt), stop);
    }

    /// <summary>Stops where the observer or the data say so.</summary>
    public TrainingResult? Run(string name, TrainingOptions options, TrainingData data, ITrainingObserver observer, CancellationTokenSource stop)
    {
        try
        {
            return new Trainer(Model, options, data, At(name)).Run(observer, stop.Token);
        }
        catch (OperationCanceledException)
        {
            Assert.True(stop.IsCancellationRequested);
            return null;
        }
    }

    /// <summary>Both sidecars and the log without its times.</summary>
    public (string Final, string Best, string Log) Results(string name)
    {
        string Digits(string file) => Convert.ToHexString(File.ReadAllBytes(Path.Combine(At(name), file)));
        return (Digits("final.safetensors"), Digits("best.safetensors"), string.Join('\n', TrainingLogs.WithoutTimes(Path.Combine(At(name), "log.jsonl"))));
    }

    public void Dispose()
    {
        Model.Dispose();
        Directory.Delete(root, recursive: true);
    }

    /// <summary>Cancels behind a number of reports or behind a step, and keeps what was said.</summary>
    public sealed class Stopping(CancellationTokenSource stop, int after = int.MaxValue) : ITrainingObserver
    {
        private int reports;

        public int? StopBehindStep { get; init; }

        public List<string> Messages { get; } = [];

        public void OnPhase(string phase) => Count();

        public void OnStep(StepReport report, int steps)
        {
            if (report.Step == StopBehindStep) stop.Cancel();
            Count();
        }

        public void OnValidation(ValidationResult result, bool isBest) => Count();

        public void OnMessage(string sentence) => Messages.Add(sentence);

        private void Count()
        {
            if (reports++ == after) stop.Cancel();
        }
    }
}
