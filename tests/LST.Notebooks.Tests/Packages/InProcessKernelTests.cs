using Microsoft.DotNet.Interactive;
using Microsoft.DotNet.Interactive.Commands;
using Microsoft.DotNet.Interactive.CSharp;
using Microsoft.DotNet.Interactive.Events;

namespace LST.Notebooks.Tests.Packages;

public class InProcessKernelTests
{
    [Fact]
    public async Task The_kernel_in_process_runs_the_same_cells()
    {
        using var kernel = new CompositeKernel { new CSharpKernel().UseKernelHelpers().UseWho().UseValueSharing() };
        var printed = new List<string>();

        foreach (var cell in Cells.All)
        {
            var result = await kernel.SendAsync(new SubmitCode(cell, "csharp"), TestContext.Current.CancellationToken);
            var failure = result.Events.OfType<CommandFailed>().FirstOrDefault();
            Assert.True(failure is null, failure?.Message);
            printed.AddRange(result.Events.OfType<StandardOutputValueProduced>()
                .SelectMany(output => output.FormattedValues.Single().Value.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)));
        }

        Assert.Equal(Cells.ExpectedLines, printed);
    }

    [Fact]
    public async Task A_cell_that_does_not_compile_is_a_failure_with_its_diagnostics()
    {
        using var kernel = new CompositeKernel { new CSharpKernel() };

        var result = await kernel.SendAsync(new SubmitCode("int x = \"text\";", "csharp"), TestContext.Current.CancellationToken);

        Assert.Single(result.Events.OfType<CommandFailed>());
        Assert.Contains("CS0029", result.Events.OfType<DiagnosticsProduced>().SelectMany(d => d.Diagnostics).Select(d => d.Code));
    }
}
