using System.ComponentModel;
using System.Diagnostics;
using LST.Evaluation.Records;

namespace LST.Evaluation.Tests.Records;

public sealed class MachineInfoTests : IDisposable
{
    private const string Commit = "0123456789abcdef0123456789abcdef01234567";

    private readonly TemporaryFolder _temporary = new();

    public void Dispose() => _temporary.Dispose();

    [Fact]
    public void Describes_this_machine_without_its_name()
    {
        var machine = MachineInfo.Current;

        Assert.True(machine.LogicalCores > 0 && machine.MemoryBytes > 0 && machine.Processor.Length > 0 && machine.OperatingSystem.Length > 0 && machine.VectorBits is null or 128 or 256 or 512);
        Assert.DoesNotContain(Environment.MachineName, machine.ToString(), StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void Peak_memory_covers_what_was_touched()
    {
        var touched = new byte[64 << 20];
        Array.Fill(touched, (byte)1);

        Assert.True(MachineInfo.PeakMemoryBytes() > 64 << 20);
        GC.KeepAlive(touched);
    }

    [Fact]
    public void Versions_name_the_runtime_and_the_project()
    {
        var versions = MachineInfo.Versions("2.10", "0.107.0");

        Assert.Equal(("0.1.0", "2.10", "0.107.0"), (versions.Project, versions.Libtorch, versions.TorchSharp));
        Assert.StartsWith(".NET 10", versions.Runtime, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("HEAD:" + Commit)]
    [InlineData("HEAD:ref: refs/heads/main|refs/heads/main:" + Commit)]
    [InlineData("HEAD:ref: refs/heads/main|packed-refs:# pack-refs with: peeled\n" + Commit + " refs/heads/main")]
    public void The_commit_is_read_from_loose_packed_and_detached_heads(string files)
    {
        WriteGit(".git", files);

        Assert.Equal(Commit, GitCheckout.Commit(_temporary.Path));
    }

    [Fact]
    public void The_commit_of_a_linked_worktree_is_found_in_the_common_folder()
    {
        WriteGit("main/.git", "refs/heads/topic:" + Commit);
        WriteGit("main/.git/worktrees/w", "HEAD:ref: refs/heads/topic|commondir:../..");
        _temporary.Write("w/.git", $"gitdir: {_temporary.File("main/.git/worktrees/w")}\n");

        Assert.Equal(Commit, GitCheckout.Commit(_temporary.File("w")));
    }

    [Fact]
    public void The_commit_of_this_checkout_is_a_digest()
    {
        if (!Path.Exists(Path.Combine(Shared.RepositoryRoot, ".git"))) Assert.Skip("needs a git checkout");

        Assert.Matches("^[0-9a-f]{40,64}$", GitCheckout.Commit(Shared.RepositoryRoot));
    }

    [Fact]
    public void No_checkout_has_no_commit_and_is_neither_clean_nor_dirty()
    {
        Assert.Null(GitCheckout.Commit(_temporary.Path));
        Assert.Null(GitCheckout.IsDirty(_temporary.Path));
    }

    [Fact]
    public void Figures_that_were_made_again_do_not_make_a_checkout_dirty_and_changed_sources_do()
    {
        foreach (var file in new[] { "src/a.cs", "figures/00-a.ipynb", "figures/00-a/picture.png", "docs/figures/drawn.md" }) _temporary.Write(file, "as committed");
        Git("init", "-q");
        Git("add", ".");
        Git("-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false", "commit", "-q", "-m", "All");
        Assert.False(GitCheckout.IsDirty(_temporary.Path));

        _temporary.Write("figures/00-a.ipynb", "made again");
        _temporary.Write("figures/01-b.ipynb", "new");
        File.Delete(_temporary.File("figures/00-a/picture.png"));
        Assert.False(GitCheckout.IsDirty(_temporary.Path));

        _temporary.Write("docs/figures/drawn.md", "changed");
        Assert.True(GitCheckout.IsDirty(_temporary.Path));
    }

    [Theory]
    [InlineData("eval|ppl|--ratios|2,4", "./lst eval ppl --ratios 2,4")]
    [InlineData("eval|--text|/home/me/my notes.txt,api", "./lst eval --text 'my notes.txt,api'")]
    [InlineData("--json=/home/me/o.json|--out|~/x/y/", "./lst --json=o.json --out y")]
    [InlineData("--methods|dense,lst:sidecar=/home/me/f.safetensors:preset=lst", "./lst --methods dense,lst:sidecar=f.safetensors:preset=lst")]
    [InlineData("--name|it's|", "./lst --name 'it'\\''s' ''")]
    public void A_recorded_command_can_be_typed_again_and_names_no_folder_of_the_machine(string arguments, string shown) =>
        Assert.Equal(shown, CommandText.Of(arguments.Split('|')));

    private void Git(params string[] arguments)
    {
        try
        {
            using var process = Process.Start("git", ["-C", _temporary.Path, .. arguments]);
            process.WaitForExit();
            Assert.Equal(0, process.ExitCode);
        }
        catch (Win32Exception)
        {
            Assert.Skip("needs git");
        }
    }

    private void WriteGit(string folder, string files)
    {
        foreach (var file in files.Split('|'))
        {
            var colon = file.IndexOf(':', StringComparison.Ordinal);
            _temporary.Write($"{folder}/{file[..colon]}", file[(colon + 1)..] + "\n");
        }
    }
}
