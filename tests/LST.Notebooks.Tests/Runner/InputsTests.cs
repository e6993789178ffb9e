using LST.Core.Tests;
using LST.Notebooks.Runner;

namespace LST.Notebooks.Tests.Runner;

/// <summary>An executed copy names what its cells opened, and nothing else.</summary>
public sealed class InputsTests : IDisposable
{
    private const string Model = "data/models/lst-ref/model.safetensors", Sidecars = "data/sidecars/lst-ref/";
    private const string Usings = "using LST.Core.Compression;\nusing LST.Core.Sidecar;\nusing LST.Notebooks;\nvar model = Open.Model(\"lst-ref\");";

    private readonly string ownWork = Path.Combine(Shared.RepositoryRoot, "out", $"inputs-{Guid.NewGuid():N}");
    private readonly string copies = Directory.CreateTempSubdirectory("lst-inputs-").FullName;

    [Fact]
    public async Task A_model_without_a_method_brings_no_sidecar()
    {
        var run = await Invented.Succeed(Invented.Of(Invented.Bootstrap, Usings));

        Assert.Equal([Model], run.Read);
        Assert.Empty(run.Texts);
    }

    [Fact]
    public async Task Sidecars_count_by_whichever_way_they_are_opened_but_for_those_that_the_notebook_made()
    {
        Directory.CreateDirectory(ownWork);
        var own = Path.Combine(ownWork, "own.safetensors");
        File.Copy(Path.Combine(Shared.RepositoryRoot, Sidecars, "lst-8x.safetensors"), own);

        var run = await Invented.Succeed(Invented.Of(
            Invented.Bootstrap, Usings,
            $"Writing.Of(model, Open.Ids(model, \"api-dev\", count: 100), \"lst\", ratio: 4, tokens: 2);\nOpen.Sidecar(\"lst-ref/paper-2x.safetensors\").Dispose();\nSidecarFile.Read(@\"{own}\").Dispose();"));

        Assert.Equal([Model, Sidecars + "lst-4x.safetensors", Sidecars + "paper-2x.safetensors"], run.Read);
    }

    [Fact]
    public async Task A_text_is_named_with_its_digest_and_is_a_file_only_where_it_lies_in_the_checkout()
    {
        var outside = Path.Combine(copies, "notes.txt");
        File.WriteAllText(outside, "words");
        var run = await Invented.Succeed(Invented.Of(
            Invented.Bootstrap,
            $"using LST.Notebooks;\nvar all = new[] {{ Open.Text(\"api-dev\"), Open.Text(@\"{outside}\"), Open.Text(@\"{Path.Combine(Shared.RepositoryRoot, "README.md")}\") }};"));

        Assert.Equal(["README.md"], run.Read);
        Assert.Equal(["api-dev", "notes.txt", "README.md"], run.Texts.Select(text => text.Split(' ')[0]));
        Assert.All(run.Texts, text => Assert.Matches(@" \(sha256 [0-9a-f]{16}\)$", text));
        var copy = NotebookFile.Read(ExecutedCopy.Write(run, copies).Notebook);
        Assert.Contains($"It read `README.md`, text `{run.Texts[0]}`, text `{run.Texts[1]}`, text `{run.Texts[2]}`.", copy.Cells[^1].Source);
        Assert.Equal(["README.md"], copy.Json["metadata"]!["lst"]!["read"]!.AsArray().Select(name => (string?)name));
        Assert.Equal(run.Texts, copy.Json["metadata"]!["lst"]!["texts"]!.AsArray().Select(name => (string?)name));
    }

    public void Dispose()
    {
        Directory.Delete(copies, recursive: true);
        if (Directory.Exists(ownWork)) Directory.Delete(ownWork, recursive: true);
    }
}
