using LST.Evaluation.Verification;

namespace LST.Evaluation.Tests.Verification;

public class GoldenCasesTests
{
    [Fact]
    public void Checkpoints_compute_what_transformers_computes() => Verify(new HuggingFaceCases(), "goldens/hf");

    [Fact]
    public void Compressed_caches_are_those_of_the_reference_programs() => Verify(new PressCases(), "goldens/presses");

    [Fact]
    public void Gguf_files_compute_what_the_reference_computes() => Verify(new GgufCases(), "goldens/gguf");

    private static void Verify(ICaseSource source, string folder)
    {
        var results = source.Run(new VerificationContext(Shared.Require(folder), CancellationToken.None)).ToList();

        Assert.NotEmpty(results);
        Assert.All(results, result => Assert.True(result.Outcome != Outcome.Failed, $"{result.Name}: {result.Detail}"));
        foreach (var result in results) TestContext.Current.TestOutputHelper?.WriteLine($"{result.Outcome} {result.Name}: {result.Detail}");
    }
}
