using System.ComponentModel;
using LST.Core;
using LST.Evaluation;
using LST.Evaluation.Verification;
using Spectre.Console.Cli;

namespace LST.Cli.Commands;

/// <summary><c>./lst verify [DIR]</c>.</summary>
public sealed class VerifyCommand : Command<VerifyCommand.Settings>
{
    /// <summary>Arguments.</summary>
    public sealed class Settings : CommandSettings
    {
        /// <summary>Folder.</summary>
        [CommandArgument(0, "[DIR]"), Description("Folder of reference outputs (default: ../shared/goldens if it is there, else tests/goldens).")]
        public string? Folder { get; init; }
    }

    /// <inheritdoc/>
    public override int Execute(CommandContext context, Settings settings, CancellationToken cancellationToken)
    {
        var folder = settings.Folder ?? Default();
        if (!Directory.Exists(folder)) throw new DataException($"folder '{folder}' with reference outputs is not there; give an existing folder, such as tests/goldens");
        int passed = 0, failed = 0;
        foreach (var result in Verifier.Run(new VerificationContext(Path.GetFullPath(folder), cancellationToken)))
        {
            Console.WriteLine(result.Outcome switch
            {
                Outcome.Passed => $"ok {result.Name}  {result.Detail}",
                Outcome.Failed => $"FAILED {result.Name}: {result.Detail}",
                _ => $"SKIPPED {result.Name}: {result.Detail}",
            });
            if (result.Outcome == Outcome.Passed) passed++;
            if (result.Outcome == Outcome.Failed) failed++;
        }
        Console.WriteLine($"{passed} passed, {failed} failed");
        if (passed + failed == 0) throw new DataException($"folder '{folder}' must hold reference outputs that this build can check, but it has none; give a folder such as tests/goldens");
        return failed > 0 ? 1 : 0;
    }

    private static string Default()
    {
        var root = ProjectFolders.Root ?? ".";
        var shared = Path.Combine(root, "..", "shared", "goldens");
        return Directory.Exists(shared) ? shared : Path.Combine(root, "tests", "goldens");
    }
}
