using LST.Core;
using LST.Evaluation.Benchmarks.Ruler.Generators;
using LST.Evaluation.PythonText;

namespace LST.Evaluation.Benchmarks.Ruler;

/// <summary>
/// The samples of one task and length, one after the other, equal to the character to those of RULER's own generators. They depend on the settings, the data and the tokenizer's counts alone; a sample
/// needs those before it, but not to know how many follow.
/// </summary>
public sealed class RulerSequence
{
    private readonly ITextGenerator generator;
    private readonly Func<string, int> tokens;
    private int next;

    private RulerSequence(RulerSettings settings, ITextGenerator generator, Func<string, int> tokens)
    {
        Settings = settings;
        this.generator = generator;
        this.tokens = tokens;
    }

    /// <summary>What is made.</summary>
    public RulerSettings Settings { get; }

    /// <summary>Size that the search found; null for <c>fwe</c>.</summary>
    public int? Size => generator.Size;

    /// <summary>The steps of the search; those of the example of <c>vt</c> come first.</summary>
    public IReadOnlyList<RulerSearchStep> Search => generator.Search;

    /// <summary>Searches the size of the samples.</summary>
    /// <param name="settings">What is made.</param>
    /// <param name="tokens">Number of tokens of a text, without BOS; tokens of the model's wrap counted as its tokenizer does it.</param>
    /// <param name="data">Data files; used where the task needs one.</param>
    /// <param name="cancel">Stops between texts, in later samples too.</param>
    /// <exception cref="UsageException">The settings contradict themselves.</exception>
    /// <exception cref="DataException">A data file is missing, or the task can never be made at this length.</exception>
    public static RulerSequence Begin(RulerSettings settings, Func<string, int> tokens, RulerData data, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        ArgumentNullException.ThrowIfNull(data);
        return Begin(new GeneratorRun(settings.Checked(), tokens, cancel), data);
    }

    /// <summary>The sequence of a run whose outcome is wanted even if nothing fits.</summary>
    internal static RulerSequence Begin(GeneratorRun run, RulerData data) => new(run.Settings, Generator(run, data), run.Tokens);

    /// <summary>The samples of a fresh sequence, made as they are enumerated: without end, but QA ends with its questions.</summary>
    /// <exception cref="UsageException">The settings contradict themselves.</exception>
    /// <exception cref="DataException">A data file is missing, or a sample can never be made at this length.</exception>
    public static IEnumerable<RulerSample> Samples(RulerSettings settings, Func<string, int> tokens, RulerData data, CancellationToken cancel = default)
    {
        var sequence = Begin(settings, tokens, data, cancel);
        while (sequence.Next() is { } sample) yield return sample;
    }

    /// <summary>The next sample; null: there are no more questions.</summary>
    /// <exception cref="DataException">No text fits the length.</exception>
    public RulerSample? Next()
    {
        if (generator.Next() is not { } made) return null;
        var (kind, text) = (Settings.Task.Kind, made.Text.Text);
        var answer = RulerTexts.AnswerStart(kind, text);
        var sample = new RulerSample
        {
            Settings = Settings,
            Index = next++,
            Size = generator.Size,
            Input = text[..answer],
            AnswerPrefix = text[answer..],
            Outputs = made.Text.Outputs,
            Length = made.Length,
        };
        if (kind != RulerKind.Needle) return sample;
        var before = sample.Input[..sample.Input.IndexOf(sample.Outputs[0], StringComparison.Ordinal)];
        return sample with { AnswerOffset = PyText.Length(before), AnswerToken = tokens(before) };
    }

    private static ITextGenerator Generator(GeneratorRun run, RulerData data) => run.Settings.Task.Kind switch
    {
        RulerKind.Needle => new NeedleGenerator(run, run.Settings.Task.Needles ?? throw new ArgumentException($"the needle task {run.Settings.Task} has no form"), data),
        RulerKind.VariableTracking => new VariableGenerator(run),
        RulerKind.CommonWords => new CommonWordsGenerator(run, data),
        RulerKind.FrequentWords => new FrequentWordsGenerator(run),
        RulerKind.QuestionAnswering => new QuestionGenerator(run, run.Settings.Task.Questions == QuestionSource.HotpotQa ? data.HotpotQa : data.Squad),
        _ => throw new ArgumentException($"the task {run.Settings.Task} is of no known kind"),
    };
}
