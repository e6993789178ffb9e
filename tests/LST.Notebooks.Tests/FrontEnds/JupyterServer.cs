using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using LST.Notebooks.Tests.Packages;

namespace LST.Notebooks.Tests.FrontEnds;

/// <summary>A Jupyter Notebook server of this machine alone, on a port of its own. Its kernels are processes below it and end with it.</summary>
internal sealed class JupyterServer : IAsyncDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromMinutes(1);

    // A test program that is killed cannot end it: then it ends by itself.
    private static readonly string[] EndAlone =
        ["--MappingKernelManager.cull_idle_timeout=300", "--MappingKernelManager.cull_interval=60", "--MappingKernelManager.cull_connected=True", "--NotebookApp.shutdown_no_activity_timeout=300"];

    private readonly RunningProgram program;
    private readonly string token;

    private JupyterServer(RunningProgram program, string token) => (this.program, this.token) = (program, token);

    /// <summary>Where it answers, as it says itself.</summary>
    public Uri Address { get; private set; } = new("http://127.0.0.1/");

    /// <summary>The page of a notebook below the served folder.</summary>
    public Uri PageOf(string notebook) => new(Address, $"notebooks/{notebook}?token={token}");

    public static async Task<JupyterServer> Start(string program, string root, string runtimeFolder, (string Name, string Value)[] environment)
    {
        var token = Guid.NewGuid().ToString("N");
        string[] arguments =
            ["--no-browser", "--allow-root", "--ip=127.0.0.1", $"--port={FreePort()}", $"--notebook-dir={root}", $"--NotebookApp.token={token}", .. EndAlone];
        var server = new JupyterServer(RunningProgram.Start(program, arguments, root, environment), token);
        try
        {
            await server.Answer(Path.Combine(runtimeFolder, $"nbserver-{server.program.Id}.json"));
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    public ValueTask DisposeAsync() => program.DisposeAsync();

    // Its file says the port that it really got; then it may still be on its way.
    private async Task Answer(string file)
    {
        using var client = new HttpClient(new HttpClientHandler { UseProxy = false });
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        stop.CancelAfter(StartLimit);
        while (!program.HasExited)
        {
            try
            {
                await Task.Delay(200, stop.Token);
                if (!File.Exists(file)) continue;
                Address = new Uri(JsonNode.Parse(await File.ReadAllTextAsync(file, stop.Token))!["url"]!.GetValue<string>());
                var version = JsonNode.Parse(await client.GetStringAsync(new Uri(Address, "api"), stop.Token))!["version"]!.GetValue<string>();
                if (!version.StartsWith("6.", StringComparison.Ordinal)) Assert.Skip($"needs the classic Jupyter Notebook 6, found {version}");
                return;
            }
            catch (Exception notYet) when (notYet is HttpRequestException or IOException or System.Text.Json.JsonException)
            {
            }
            catch (OperationCanceledException)
            {
                break;
            }
        }
        Assert.Fail($"Jupyter Notebook did not answer: {program.Output}");
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
