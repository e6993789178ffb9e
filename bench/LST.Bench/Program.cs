using LST.Bench.Compaction;
using LST.Bench.Kernels;
using LST.Bench.Models;
using LST.Bench.Tokenizers;
using LST.Core;

var commands = new Dictionary<string, Func<string[], int>>
{
    ["tokenizers"] = TokenizerThroughput.Run,
    ["kernels"] = KernelBenchmark.Run,
    ["profile"] = ForwardProfile.Run,
    ["model"] = PeerComparison.Run,
    ["compaction"] = CompactionBenchmark.Run,
};

if (args.Length == 0 || !commands.TryGetValue(args[0], out var command))
{
    Console.Error.WriteLine($"usage: LST.Bench {string.Join("|", commands.Keys)} [options]");
    return 2;
}

try
{
    return command(args[1..]);
}
catch (LstException error)
{
    Console.Error.WriteLine(error.Message);
    return error.ExitCode;
}
