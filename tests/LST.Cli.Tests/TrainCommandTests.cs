using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using LST.Core.Sidecar;

namespace LST.Cli.Tests;

public sealed class TrainCommandTests : IDisposable
{
    private readonly CliRun cli = new();

    [Fact]
    public void A_run_writes_sidecars_log_and_record_and_its_sidecar_is_a_method()
    {
        var result = cli.Run(Line("run", "--json", cli.At("records.json")));

        Assert.True(result.ExitCode == 0, result.Error);
        Assert.Matches(@"^seed 0: best step \d+ of 6, perplexity over dense text\.txt \d\.\d{4}; [0-9,]+ parameters, \S+ minutes of steps, peak memory \S+ [GM]B \(predicted \S+ [GM]B\)\n", result.Output);
        var folder = cli.At("run");
        Assert.Equal(["best.safetensors", "checkpoints/step-000004/manifest.json", "checkpoints/step-000004/state.safetensors", "checkpoints/step-000006/manifest.json", "checkpoints/step-000006/state.safetensors", "final.safetensors", "log.jsonl"],
            Directory.GetFiles(folder, "*", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(folder, file)).Order(StringComparer.Ordinal));
        var record = JsonNode.Parse(File.ReadAllText(cli.At("records.json")))!.AsArray().Single()!;
        Assert.Equal([1, 2, 3, 4, 5, 6], record["step_points"]!.AsArray().Select(point => point!["step"]!.GetValue<int>()));
        Assert.Equal(("lst", 6), (record["preset"]!.GetValue<string>(), record["steps"]!.GetValue<int>()));
        Assert.Equal(record["id"]?.GetValue<string>() ?? "", Regex.Match(result.Output, @"record (\S+)").Groups[1].Value);

        var evaluated = cli.Run("eval", "ppl", "--text", cli.At("text.txt"), "--prefix", "128", "--suffix", "32", "--chunks", "1", "--methods", "lst", "--ratios", "2", "--sidecar_path", Path.Combine(folder, "final.safetensors"));
        Assert.True(evaluated.ExitCode == 0, evaluated.Error);
        Assert.Matches(@"lst\S* +2 ", evaluated.Output);
    }

    [Fact]
    public void Held_out_queries_are_asked_at_every_validation_where_wanted()
    {
        var result = cli.Run(Line("run", "--max-steps", "2", "--validate-every", "1", "--sidecar-option", "choice=none", "--head-budgets", "0", "--dev-queries", "1", "--json", cli.At("records.json")));

        Assert.True(result.ExitCode == 0, result.Error);
        var record = JsonNode.Parse(File.ReadAllText(cli.At("records.json")))!.AsArray().Single()!;
        Assert.Equal(1, record["options"]!["query_prompts"]!.GetValue<int>());
        var errors = record["development"]!.AsArray().Select(point => point!["query_error"]!.GetValue<double>()).ToList();
        Assert.Equal(3, errors.Count);
        Assert.All(errors, error => Assert.InRange(error, 1e-4, 2));
        Assert.Contains(string.Create(CultureInfo.InvariantCulture, $"error on held-out queries {errors[^1]:0.000}"), result.Error);
    }

    [Fact]
    public void Several_seeds_are_several_folders_and_the_same_line_again_trains_nothing()
    {
        string[] line = Line("run", "--seeds", "3,4", "--max-steps", "2");
        var first = cli.Run(line);
        var times = Directory.GetFiles(cli.At("run"), "manifest.json", SearchOption.AllDirectories).ToDictionary(file => file, File.GetLastWriteTimeUtc);
        var again = cli.Run(line);

        Assert.True(first.ExitCode == 0 && again.ExitCode == 0, first.Error + again.Error);
        Assert.Equal(["seed-3", "seed-4"], Directory.GetDirectories(cli.At("run")).Select(Path.GetFileName).Order());
        Assert.Contains("going on behind step 2", again.Error);
        Assert.All(times, file => Assert.Equal(file.Value, File.GetLastWriteTimeUtc(file.Key)));
        Assert.NotEqual(File.ReadAllBytes(cli.At("run/seed-3/final.safetensors")), File.ReadAllBytes(cli.At("run/seed-4/final.safetensors")));
    }

    [Fact]
    public void Another_line_into_the_same_folder_is_refused()
    {
        Assert.Equal(0, cli.Run(Line("run", "--max-steps", "2")).ExitCode);

        var other = cli.Run(Line("run", "--max-steps", "3"));

        Assert.Equal((2, ""), (other.ExitCode, other.Output));
        Assert.Contains("holds checkpoints of a run with other options", other.ErrorLines[^1]);
    }

    [Fact]
    public void A_known_shape_trains_without_its_weights_and_near_its_prediction()
    {
        var result = cli.Run(["train", "--shape", "lst-ref", "--layers", "3", "--max-steps", "3", "--prefix", "128", "--suffix", "32", "--kinds", "text=1", .. Texts(), "--output-dir", cli.At("run")]);

        Assert.True(result.ExitCode == 0, result.Error);
        // The peak is that of the test process, so that only the sentence is looked at here.
        Assert.Matches(@"seed 0: best step \d of 3, .*peak memory \S+ [GM]B \(predicted \d+ MB\)\nwrote \S+final.safetensors and best.safetensors beside it\n$", result.Output);
        var config = SidecarFile.ReadConfig(cli.At("run/final.safetensors"));
        Assert.Equal(("random-lst-ref-3l", 3), (config.Model.Name, config.Model.Layers));
        Assert.Equal(64, config.Model.WeightsSha256!.Length);
        // It belongs to those random weights alone.
        var evaluated = cli.Run("eval", "ppl", "--text", cli.At("text.txt"), "--prefix", "128", "--suffix", "32", "--chunks", "1", "--methods", "lst", "--ratios", "2", "--sidecar", cli.At("run/final.safetensors"));
        Assert.Equal(1, evaluated.ExitCode);
        Assert.Contains("this sidecar is for 3 layers", evaluated.ErrorLines[^1]);
    }

    [Fact]
    public void Minutes_become_a_number_of_steps_once()
    {
        string[] line = ["train", .. Texts(), "--prefix", "128", "--suffix", "32", "--pool", "4", "--dev-chunks", "1", "--dev-recall", "0", "--kinds", "text=1", "--minutes", "0.02", "--output-dir", cli.At("run")];
        var first = cli.Run(line);
        var steps = File.ReadAllText(cli.At("run/steps.json"));
        var again = cli.Run(line);

        Assert.True(first.ExitCode == 0 && again.ExitCode == 0, first.Error + again.Error);
        Assert.Contains("measuring how many steps 0.02 minutes hold", first.Error);
        Assert.DoesNotContain("measuring how many steps", again.Error);
        Assert.Equal(steps, File.ReadAllText(cli.At("run/steps.json")));
    }

    [Theory]
    [InlineData("final.pt", "a pickle file can run code when it is read and is refused; a sidecar is a .safetensors file")]
    [InlineData("nope.safetensors", "there is no such sidecar file")]
    public void A_sidecar_that_cannot_be_read_is_refused_with_the_reason(string file, string sentence)
    {
        if (file.EndsWith(".pt")) cli.Write(file, [0x80, 2]);

        var result = cli.Run("eval", "ppl", "--text", Text(), "--prefix", "32", "--suffix", "8", "--chunks", "1", "--methods", "lst", "--ratios", "2", "--sidecar", cli.At(file));

        Assert.Equal((1, ""), (result.ExitCode, result.Output));
        Assert.Contains(sentence, result.ErrorLines[^1]);
    }

    [Fact]
    public void Without_a_sidecar_for_model_and_ratio_lst_is_refused_and_all_leaves_it_out_with_a_line()
    {
        cli.Set("LST_SIDECARS", cli.At("none"));
        string[] line = ["eval", "ppl", "--text", Text(), "--prefix", "64", "--suffix", "8", "--chunks", "1", "--ratios", "7"];

        var alone = cli.Run([.. line, "--methods", "lst"]);
        Assert.Equal((1, ""), (alone.ExitCode, alone.Output));
        Assert.Contains("there is no sidecar 'lst' for model 'lst-ref' at 7:1 (lst-ref/lst-7x.safetensors in", alone.ErrorLines[^1]);
        Assert.Contains("make one with ./lst train --model lst-ref --preset lst --window-size 7", alone.ErrorLines[^1]);

        var all = cli.Run([.. line, "--methods", "all"]);
        Assert.True(all.ExitCode == 0, all.Error);
        Assert.Contains("no sidecar 'lst' of lst-ref at 7:1: lst is left out there (./lst train --model lst-ref --window-size 7 makes one)", all.Output);
        Assert.DoesNotMatch(@"\nlst +7 ", all.Output);
    }

    public void Dispose() => cli.Dispose();

    private string Text() => cli.Write("text.txt", TrainingText.Words(6000));

    private string[] Texts() => ["--texts", Text(), "--dev", Text()];

    private string[] Line(string folder, params string[] more) =>
    [
        "train", .. Texts(), "--prefix", "128", "--suffix", "32", "--pool", "8", "--batch-size", "64", "--dev-chunks", "1", "--dev-recall", "0", "--kinds", "text=1", "--save-every", "2",
        .. more.Contains("--max-steps") ? (string[])[] : ["--max-steps", "6"], "--output-dir", cli.At(folder), .. more,
    ];
}

/// <summary>A text of known words in an order that nothing repeats.</summary>
internal static class TrainingText
{
    public static string Words(int count)
    {
        string[] words = ["the", "river", "of", "stone", "carries", "a", "green", "lamp", "under", "seven", "bridges", "and", "no", "keeper", "sees", "it"];
        var state = 12345u;
        return string.Join(' ', Enumerable.Range(0, count).Select(i =>
        {
            state = state * 1664525 + 1013904223;
            return i % 12 == 11 ? $"{words[state >> 28]}.\n" : words[state >> 28] + (state % 5 == 0 ? (state >> 20).ToString(CultureInfo.InvariantCulture) : "");
        }));
    }
}
