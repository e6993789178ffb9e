namespace LST.Cli.Tests;

public class ProbeTests(ITestOutputHelper log)
{
    [Fact]
    public void Probe()
    {
        using var cli = new CliRun();
        var text = cli.Write("text.txt", string.Concat(Enumerable.Repeat("The quick brown fox jumps over the lazy dog. ", 40)));
        cli.Write("short.txt", "word");
        foreach (var line in File.ReadAllLines("/tmp/probe.txt"))
        {
            var args = System.Text.RegularExpressions.Regex.Matches(line.Replace("TEXT", text).Replace("DIR", cli.Folder), "\"([^\"]*)\"|(\\S+)").Select(m => m.Groups[2].Success ? m.Groups[2].Value : m.Groups[1].Value).ToArray();
            CliResult r;
            try { r = cli.Run(args); } catch (Exception e) { log.WriteLine($"$ {line}\n!!! {e}"); continue; }
            log.WriteLine($"$ {line}\n   rc={r.ExitCode} {(r.Output.Length > 300 ? r.Output[..300] + "..." : r.Output)}\n{r.Error}");
        }
        log.WriteLine(string.Join("\n", cli.Files()));
    }
}
