using System.Diagnostics;
using System.Text.Json.Nodes;
using LST.Core;

namespace LST.Bench.Models;

/// <summary>The eager PyTorch peer, loaded once and asked line by line, so that runs of both sides alternate.</summary>
internal sealed class PeerProcess : IDisposable
{
    private readonly Process _process;

    private PeerProcess(Process process, JsonObject ready) => (_process, Ready) = (process, ready);

    /// <summary>What it says of itself: version, BLAS, threads.</summary>
    public JsonObject Ready { get; }

    /// <summary>Starts it on a model.</summary>
    /// <exception cref="DataException">It cannot start; its own sentence is passed on.</exception>
    public static PeerProcess Start(string script, string style, string model, string dtype, int threads)
    {
        var start = new ProcessStartInfo(script) { RedirectStandardInput = true, RedirectStandardOutput = true };
        foreach (var argument in new[] { "serve", "--model", model, "--dtype", dtype, "--threads", $"{threads}", "--style", style }) start.ArgumentList.Add(argument);
        var process = Process.Start(start) ?? throw new DataException("the peer did not start");
        for (var line = process.StandardOutput.ReadLine(); line is not null; line = process.StandardOutput.ReadLine())
            if (JsonNode.Parse(line) is JsonObject said && said.ContainsKey("ready")) return new PeerProcess(process, said);
        process.WaitForExit();
        throw new DataException($"the peer ended with exit code {process.ExitCode} before it was ready; it needs python3-torch, python3-numpy and libopenblas0-openmp");
    }

    /// <summary>One command, one answer.</summary>
    public JsonObject Ask(JsonObject command)
    {
        _process.StandardInput.WriteLine(command.ToJsonString());
        _process.StandardInput.Flush();
        var answer = JsonNode.Parse(_process.StandardOutput.ReadLine() ?? throw new DataException("the peer ended in the middle of a run"))!.AsObject();
        return answer.ContainsKey("error") ? throw new DataException($"the peer says: {answer["error"]}") : answer;
    }

    public void Dispose()
    {
        _process.StandardInput.Close();
        if (!_process.WaitForExit(5000)) _process.Kill();
        _process.Dispose();
    }
}
