using System.Diagnostics;
using System.Text;

namespace LST.Notebooks.Tests.Packages;

/// <summary>A program that goes on beside a test; it and every process below it end with <see cref="DisposeAsync"/>.</summary>
internal sealed class RunningProgram : IAsyncDisposable
{
    private readonly Process process;
    private readonly StringBuilder said = new();

    private RunningProgram(Process process) => this.process = process;

    public int Id => process.Id;

    public bool HasExited => process.HasExited;

    /// <summary>What it printed so far, both streams.</summary>
    public string Output
    {
        get
        {
            lock (said) return said.ToString();
        }
    }

    public static RunningProgram Start(string program, string[] arguments, string folder, params (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true,
        };
        foreach (var (name, value) in environment) start.Environment[name] = value;
        var running = new RunningProgram(new Process { StartInfo = start });
        running.process.OutputDataReceived += running.Hear;
        running.process.ErrorDataReceived += running.Hear;
        running.process.Start();
        running.process.StandardInput.Close();
        running.process.BeginOutputReadLine();
        running.process.BeginErrorReadLine();
        return running;
    }

    public async ValueTask DisposeAsync()
    {
        process.Kill(entireProcessTree: true);
        await process.WaitForExitAsync();
        process.Dispose();
    }

    private void Hear(object sender, DataReceivedEventArgs line)
    {
        lock (said) said.AppendLine(line.Data);
    }
}
