namespace LST.Cli;

/// <summary>A process that was started for another one stops, as by Ctrl-C, when its standard input ends: whoever held the other end is gone.</summary>
internal static class Lifeline
{
    /// <summary>Set in the environment of a command that is to watch.</summary>
    public const string Variable = "LST_LIFELINE";

    /// <summary>Cancels at the end of standard input.</summary>
    public static void Watch(CancellationTokenSource stop) => new Thread(() =>
    {
        try
        {
            while (Console.In.Read() >= 0) { }
            stop.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The work was faster.
        }
    }) { IsBackground = true, Name = "lifeline" }.Start();
}
