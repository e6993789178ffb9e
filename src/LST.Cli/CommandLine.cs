using System.Globalization;
using LST.Cli.Commands;
using LST.Cli.Commands.Benchmarks;
using LST.Cli.Help;
using LST.Cli.Terminal;
using LST.Core;
using Spectre.Console.Cli;

namespace LST.Cli;

/// <summary>Reads the command line, runs a command, and turns every end into an exit code: 0 ok, 1 failed work, 2 wrong usage, 130 stopped by Ctrl-C.</summary>
public static class CommandLine
{
    internal const int Stopped = 130;

    private static readonly string[] Groups = ["eval", "items", "convert", "data", "records", "notebook"];

    /// <summary>The arguments as they were given, for records.</summary>
    public static IReadOnlyList<string> Given { get; private set; } = [];

    /// <summary>Runs one command line.</summary>
    public static int Run(string[] arguments) => Run(arguments, CancellationToken.None);

    /// <summary>Runs one command line that can be stopped from outside, as Ctrl-C does.</summary>
    public static int Run(string[] arguments, CancellationToken stop)
    {
        Given = arguments;
        using var cancellation = CancellationTokenSource.CreateLinkedTokenSource(stop);
        ConsoleCancelEventHandler onCancel = (_, e) =>
        {
            // The first Ctrl-C ends the work in order; a second one ends the process.
            e.Cancel = !cancellation.IsCancellationRequested;
            cancellation.Cancel();
        };
        Console.CancelKeyPress += onCancel;
        if (Environment.GetEnvironmentVariable(Lifeline.Variable) is { Length: > 0 }) Lifeline.Watch(cancellation);
        try
        {
            var hyphenated = Hyphenated(arguments);
            OptionValues.Require(hyphenated);
            var exitCode = Application().Run(hyphenated, cancellation.Token);
            // A group of commands alone (./lst eval) prints its help, but nothing was done.
            return hyphenated is [var only] && Groups.Contains(only) ? 2 : exitCode;
        }
        catch (LstException problem)
        {
            return Say(problem.Message, problem.ExitCode);
        }
        catch (CommandAppException problem)
        {
            return Say(UsageSentence.Of(problem, arguments, Groups), 2);
        }
        catch (OperationCanceledException)
        {
            return Say("stopped; what was finished is kept, the same command goes on from there", Stopped);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            return Say(problem.Message, 1);
        }
        catch (Exception problem)
        {
            // Everything that a user can bring about has its own sentence above: this is a defect, and the trace is for whoever mends it.
            if (Environment.GetEnvironmentVariable("LST_TRACE") is { Length: > 0 }) Console.Error.WriteLine(problem);
            return Say($"this should not happen and is a defect of this program: {FirstLine(problem.Message)} ({problem.GetType().Name}); set LST_TRACE=1, run it again and report what is printed", 1);
        }
        finally
        {
            Console.CancelKeyPress -= onCancel;
        }
    }

    internal static CommandApp Application()
    {
        var app = new CommandApp();
        app.Configure(config =>
        {
            config.SetApplicationName("./lst");
            config.SetApplicationVersion(typeof(CommandLine).Assembly.GetName().Version!.ToString(3));
            config.SetApplicationCulture(CultureInfo.InvariantCulture);
            config.ConfigureConsole(Screen.Output(columns: 100));
            config.SetHelpProvider(new MethodHelp(config.Settings));
            config.PropagateExceptions();
            config.UseStrictParsing();
            config.AddExample("eval", "ppl", "--methods", "dense,mean,streaming,h2o,snapkv", "--ratios", "2,4,8");
            config.AddExample("generate", "--prompt", "\"Once upon a time\"", "--method", "h2o", "--ratio", "4");
            config.AddExample("data", "list");
            config.AddExample("verify");
            config.AddExample("test");
            config.AddBranch("eval", eval =>
            {
                eval.SetDescription("Evaluate compressed caches.");
                eval.AddCommand<EvalPerplexityCommand>("ppl")
                    .WithDescription("Perplexity of a continuation over compressed caches, with paired intervals and bytes.")
                    .WithExample("eval", "ppl", "--methods", "dense,mean,streaming,h2o,snapkv", "--ratios", "2,4,8")
                    .WithExample("eval", "ppl", "--methods", "snapkv:observe=8,h2o:recent=n/2", "--chunks", "8")
                    .WithExample("eval", "ppl", "--model", "smollm2", "--text", "wikitext2", "--chunks", "24")
                    .WithExample("eval", "ppl", "--text", "wikitext2", "--protocol", "e0")
                    .WithExample("eval", "ppl", "--protocol", "e3", "--ratios", "2,4,8");
                eval.AddCommand<EvalRecallCommand>("recall").WithDescription("Facts in a compressed text, asked for behind it; spans of text that come again.")
                    .WithExample("eval", "recall", "--methods", "all", "--ratios", "2,4").WithExample("eval", "recall", "--query-aware").WithExample("eval", "recall", "--tasks", "repeats");
                eval.AddCommand<EvalRulerCommand>("ruler").WithDescription("RULER's tasks: needles, variables, frequent words; sample-exact.")
                    .WithExample("eval", "ruler", "--tasks", "niah_single_1,vt", "--lengths", "512,1024", "--variant", "short");
                eval.AddCommand<EvalNiahCommand>("niah").WithDescription("A needle in a haystack, by depth and length.")
                    .WithExample("eval", "niah", "--lengths", "512,1024");
                eval.AddCommand<EvalZeroShotCommand>("zeroshot").WithDescription("Multiple choice as lm-evaluation-harness asks it, over compressed contexts.")
                    .WithExample("eval", "zeroshot", "--tasks", "piqa,arc_easy", "--shots", "5", "--limit", "200").WithExample("eval", "zeroshot", "--tasks", "wikitext", "--methods", "dense");
            });
            config.AddBranch("items", items =>
            {
                items.SetDescription("Lines of benchmarks: one a scored item.");
                items.AddCommand<ItemsTableCommand>("table").WithDescription("Scores with intervals, against dense in pairs.").WithExample("items", "table", "out/items/recall-lst-ref");
                items.AddCommand<ItemsMergeCommand>("merge").WithDescription("Bring the parts of a run together.").WithExample("items", "merge", "out/part1", "out/part2", "--out", "out/whole");
            });
            config.AddCommand<GenerateCommand>("generate").WithDescription("Generate text from a compressed cache.")
                .WithExample("generate", "--prompt", "\"Once upon a time\"", "--method", "h2o", "--ratio", "4")
                .WithExample("generate", "--model", "smollm2", "--chat", "--prompt", "\"What is a key-value cache?\"");
            config.AddCommand<TrainCommand>("train").WithDescription("Train a sidecar: the network behind the method lst. Resumes where it was stopped.")
                .WithExample("train", "--window-size", "2", "--minutes", "20")
                .WithExample("train", "--preset", "paper", "--window-size", "2", "--max-steps", "2000", "--batch-size", "512")
                .WithExample("train", "--shape", "llama-2-7b", "--layers", "2", "--max-steps", "10", "--dry-run");
            config.AddBranch("convert", convert =>
            {
                convert.SetDescription("Turn other checkpoints into Hugging Face folders.");
                convert.AddCommand<ConvertLlama2cCommand>("llama2c").WithDescription("A llama2.c checkpoint and its tokenizer.")
                    .WithExample("convert", "llama2c", "stories260K.bin", "tok512.bin", "out/stories260K");
            });
            config.AddCommand<VerifyCommand>("verify").WithDescription("Compare this build with reference outputs of other programs.")
                .WithExample("verify").WithExample("verify", "tests/goldens");
            config.AddBranch("data", data =>
            {
                data.SetDescription("Texts and models.");
                data.AddCommand<DataListCommand>("list").WithDescription("What is known, what is here, and how to get the rest.");
            });
            config.AddBranch("records", records =>
            {
                records.SetDescription("What runs left behind: list, show, query, tables.");
                records.AddCommand<RecordsListCommand>("list").WithDescription("All records with their best number.")
                    .WithExample("records", "list").WithExample("records", "list", "--kind", "ppl", "--model", "lst-ref", "--text", "api");
                records.AddCommand<RecordsShowCommand>("show").WithDescription("One record: what ran, on what, and what came out.")
                    .WithExample("records", "show", "d5209c7f").WithExample("records", "show", "training-smollm2-lst-4x", "--json");
                records.AddCommand<RecordsSqlCommand>("sql").WithDescription("SQL over all records: the tables records, ppl, items and training. Read only.")
                    .WithExample("records", "sql", "\"DESCRIBE ppl\"")
                    .WithExample("records", "sql", "\"SELECT method, ppl FROM ppl WHERE ratio = 4\"")
                    .WithExample("records", "sql", "\"FROM training WHERE is_best\"", "--format", "csv");
                records.AddCommand<RecordsTableCommand>("table").WithDescription("Perplexity records as Markdown tables: runs on the same chunks joined, methods compared in pairs.")
                    .WithExample("records", "table").WithExample("records", "table", "--against", "kvzip");
                records.AddCommand<RecordsExportCommand>("export").WithDescription("Rows of perplexity records as CSV, or as the Markdown of records table.")
                    .WithExample("records", "export", "--out", "rows.csv").WithExample("records", "export", "d5209c7f", "a48265c7", "--format", "markdown");
            });
            config.AddCommand<CompareCommand>("compare").WithDescription("Rows of two perplexity records, or of one, in pairs of chunks; and what was configured differently.")
                .WithExample("compare", "775200db", "e0081c8d").WithExample("compare", "775200db:lst@2", "e0081c8d:kvzip@2")
                .WithExample("compare", "a48265c7:kvzip", "d5209c7f:lst", "--ratio", "4");
            config.AddCommand<ReproduceCommand>("reproduce").WithDescription("Make the table, every notebook with its figures, and one report again; only what changed. Goes on where it was stopped.")
                .WithExample("reproduce").WithExample("reproduce", "--full").WithExample("reproduce", "--check");
            config.AddBranch("notebook", notebook =>
            {
                notebook.SetDescription("Run, make and check notebooks.");
                notebook.AddCommand<NotebookRunCommand>("run").WithDescription("Run notebooks top to bottom from a fresh kernel and write executed copies with pictures.")
                    .WithExample("notebook", "run", "notebooks/00-tour.ipynb").WithExample("notebook", "run", "a.ipynb", "b.ipynb", "--out", "out/figures", "--timeout", "600");
                notebook.AddCommand<NotebookInstallCommand>("install").WithDescription("Register the pinned .NET kernel for Jupyter and VS Code.").WithExample("notebook", "install");
                notebook.AddCommand<NotebookNewCommand>("new").WithDescription("Make an empty notebook that keeps the rules.").WithExample("notebook", "new", "notebooks/my-question.ipynb", "--title", "\"My question\"");
                notebook.AddCommand<NotebookCheckCommand>("check").WithDescription("Say which rules notebooks break: outputs, ids, size, magic commands, stale copies.").WithExample("notebook", "check", "notebooks/00-tour.ipynb");
            });
            config.AddCommand<DoctorCommand>("doctor").WithDescription("What this machine has and what is missing.");
            // These two are done by the script, which can run without a build; they are listed for the help.
            config.AddCommand<SetupCommand>("setup").WithDescription("Restore packages and tools, build, and (Debian, root) install Chromium and Jupyter.");
            config.AddCommand<TestCommand>("test").WithDescription("Build and run the tests.")
                .WithExample("test").WithExample("test", "Core", "--slow");
        });
        return app;
    }

    // Flags exist with hyphens and with underscores.
    private static string[] Hyphenated(string[] arguments) => [.. arguments.Select(argument =>
    {
        if (!argument.StartsWith("--", StringComparison.Ordinal)) return argument;
        var end = argument.IndexOf('=');
        return (end < 0 ? argument : argument[..end]).Replace('_', '-') + (end < 0 ? "" : argument[end..]);
    })];

    private static int Say(string sentence, int exitCode)
    {
        // Names of files and texts of libraries may bring line breaks and escape sequences; a sentence is one line.
        Console.Error.WriteLine($"lst: {string.Concat(sentence.Trim().Select(c => char.IsControl(c) ? ' ' : c))}");
        return exitCode;
    }

    private static string FirstLine(string text) => text.Split('\n', 2)[0].TrimEnd('.', '\r', ' ');
}
