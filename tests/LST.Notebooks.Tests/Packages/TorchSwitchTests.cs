using System.Text.Json;
using LST.Core.Tests;

namespace LST.Notebooks.Tests.Packages;

public class TorchSwitchTests
{
    /// <summary>Evaluates the project only: the CUDA packages need not be there.</summary>
    [Theory]
    [InlineData("cpu")]
    [InlineData("cuda-linux")]
    [InlineData("cuda-windows")]
    public async Task The_property_Torch_swaps_the_one_native_package(string torch)
    {
        var dotnet = ExternalProgram.Require("the .NET SDK", "dotnet", "dotnet.exe");

        var (exitCode, output) = await ExternalProgram.Run(
            dotnet, ["msbuild", "src/LST.Core", "-getItem:PackageReference", $"-p:Torch={torch}"], Shared.RepositoryRoot, TimeSpan.FromMinutes(2));

        Assert.True(exitCode == 0, output);
        using var items = JsonDocument.Parse(output);
        var packages = items.RootElement.GetProperty("Items").GetProperty("PackageReference").EnumerateArray()
            .Select(item => item.GetProperty("Identity").GetString()!);
        Assert.Equal($"TorchSharp-{torch}", Assert.Single(packages, name => name.StartsWith("TorchSharp", StringComparison.Ordinal)));
    }
}
