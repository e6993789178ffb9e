using LST.Core;
using LST.Evaluation.Benchmarks.ZeroShot.Items;

namespace LST.Evaluation.Benchmarks.ZeroShot;

/// <summary>A likelihood task of lm-evaluation-harness: where its items are, how they are asked, what is reported.</summary>
public sealed record ZeroShotTask
{
    private ZeroShotTask(Func<ItemFields, ZeroShotDocument> read) => Read = read;

    /// <summary>Name on the command line, as the harness has it.</summary>
    public required string Name { get; init; }

    /// <summary>Data set and split, in words.</summary>
    public required string Source { get; init; }

    /// <summary>Files that hold the evaluated split, below a data folder, the first that is there counts.</summary>
    public required IReadOnlyList<string> Files { get; init; }

    /// <summary>Files that hold the training split, below a data folder; empty: the data set has none.</summary>
    public IReadOnlyList<string> TrainingFiles { get; init; } = [];

    /// <summary>Whether the data set has a test split; decides how many examples are drawn (<see cref="FewShotSampler"/>).</summary>
    public bool HasTestSplit { get; init; }

    /// <summary>Whether <c>acc_norm</c> is reported.</summary>
    public bool HasNormalized { get; init; }

    /// <summary>The one number that most papers print: <c>acc</c> or <c>acc_norm</c>.</summary>
    public string Headline { get; init; } = "acc";

    /// <summary>One continuation is scored: it is right when every id is the argmax, and a perplexity is reported.</summary>
    public bool IsWordPrediction { get; init; }

    internal Func<ItemFields, ZeroShotDocument> Read { get; }

    /// <summary>All tasks; the first six are the usual table.</summary>
    public static IReadOnlyList<ZeroShotTask> All { get; } =
    [
        new(PiqaItem.Read)
        {
            Name = "piqa", Source = "baber/piqa, validation", HasNormalized = true,
            Files = ["zeroshot/piqa_valid.jsonl", "zeroshot/piqa/valid.jsonl", "zeroshot/piqa/validation.jsonl"], TrainingFiles = Training("piqa", "train.jsonl"),
        },
        new(WinoGrandeItem.Read)
        {
            Name = "winogrande", Source = "allenai/winogrande, winogrande_xl, validation",
            Files = ["zeroshot/winogrande_dev.jsonl", "zeroshot/winogrande/dev.jsonl", "zeroshot/winogrande/validation.jsonl"], TrainingFiles = Training("winogrande", "train_xl.jsonl"),
        },
        new(HellaSwagItem.Read)
        {
            Name = "hellaswag", Source = "Rowan/hellaswag, validation", HasNormalized = true, Headline = "acc_norm",
            Files = ["zeroshot/hellaswag_val.jsonl", "zeroshot/hellaswag/hellaswag_val.jsonl", "zeroshot/hellaswag/validation.jsonl"], TrainingFiles = Training("hellaswag", "hellaswag_train.jsonl"),
        },
        new(ArcItem.Read)
        {
            Name = "arc_easy", Source = "allenai/ai2_arc, ARC-Easy, test", HasTestSplit = true, HasNormalized = true,
            Files = ["zeroshot/arc_easy_test.jsonl", "zeroshot/arc_easy/ARC-Easy-Test.jsonl", "zeroshot/arc_easy/test.jsonl"], TrainingFiles = Training("arc_easy", "ARC-Easy-Train.jsonl"),
        },
        new(ArcItem.Read)
        {
            Name = "arc_challenge", Source = "allenai/ai2_arc, ARC-Challenge, test", HasTestSplit = true, HasNormalized = true, Headline = "acc_norm",
            Files = ["zeroshot/arc_challenge_test.jsonl", "zeroshot/arc_challenge/ARC-Challenge-Test.jsonl", "zeroshot/arc_challenge/test.jsonl"], TrainingFiles = Training("arc_challenge", "ARC-Challenge-Train.jsonl"),
        },
        new(OpenBookQaItem.Read)
        {
            Name = "openbookqa", Source = "allenai/openbookqa, main, test", HasTestSplit = true, HasNormalized = true, Headline = "acc_norm",
            Files = ["zeroshot/openbookqa_test.jsonl", "zeroshot/openbookqa/test.jsonl"], TrainingFiles = Training("openbookqa", "train.jsonl"),
        },
        new(BoolQItem.Read)
        {
            Name = "boolq", Source = "super_glue, boolq, validation",
            Files = ["zeroshot/boolq.jsonl", "zeroshot/boolq/val.jsonl", "zeroshot/boolq/dev.jsonl", "zeroshot/boolq/validation.jsonl"], TrainingFiles = Training("boolq", "train.jsonl"),
        },
        new(CopaItem.Read)
        {
            Name = "copa", Source = "super_glue, copa, validation",
            Files = ["zeroshot/copa.jsonl", "zeroshot/copa/val.jsonl", "zeroshot/copa/validation.jsonl"], TrainingFiles = Training("copa", "train.jsonl"),
        },
        new(LambadaItem.Read)
        {
            Name = "lambada_openai", Source = "EleutherAI/lambada_openai, test", HasTestSplit = true, IsWordPrediction = true,
            Files = ["zeroshot/lambada_openai.jsonl", "zeroshot/lambada_openai/lambada_test_en.jsonl", "zeroshot/lambada_openai/test.jsonl"],
        },
    ];

    /// <summary>The task of a name; case and hyphens do not matter.</summary>
    /// <exception cref="UsageException">There is none; the sentence lists the known ones.</exception>
    public static ZeroShotTask Of(string name) => Find(name)
        ?? throw new UsageException($"task '{name}' is unknown; known tasks: {string.Join(", ", All.Select(task => task.Name))}");

    /// <summary>The same; null: there is none.</summary>
    public static ZeroShotTask? Find(string name) => All.FirstOrDefault(task => task.Name == name.Trim().ToLowerInvariant().Replace('-', '_'));

    private static IReadOnlyList<string> Training(string task, string upstream) => [$"zeroshot/{task}_train.jsonl", $"zeroshot/{task}/{upstream}", $"zeroshot/{task}/train.jsonl"];
}
