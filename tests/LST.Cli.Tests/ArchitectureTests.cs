using System.Reflection;
using System.Text.RegularExpressions;

namespace LST.Cli.Tests;

public class ArchitectureTests
{
    private static readonly string[] Rooms = ["LST.Core", "LST.Evaluation", "LST.Notebooks", "lst"];

    [Fact]
    public void Imports_point_one_way()
    {
        for (var room = 0; room < Rooms.Length; room++)
        {
            var references = Assembly.Load(Rooms[room]).GetReferencedAssemblies().Select(name => name.Name!).Where(Rooms.Contains);

            Assert.All(references, reference => Assert.True(Array.IndexOf(Rooms, reference) < room, $"{Rooms[room]} must not know {reference}"));
        }
    }

    [Fact]
    public void Inside_the_core_tensors_and_caches_know_no_method()
    {
        // Room → rooms that it must not import.
        var forbidden = new Dictionary<string, string[]>
        {
            ["Text"] = ["Models", "Caching", "Compression", "Baselines", "Attention"],
            ["Caching"] = ["Compression", "Baselines"],
            ["Attention"] = ["Compression", "Baselines", "Models.Generation"],
            ["Models/Checkpoints"] = ["Caching", "Compression", "Baselines", "Attention"],
        };
        foreach (var (room, rooms) in forbidden)
            foreach (var file in Sources(Path.Combine("src", "LST.Core", room)))
                Assert.All(rooms, other => Assert.False(Regex.IsMatch(File.ReadAllText(file), $@"^using LST\.Core\.{Regex.Escape(other)}\b", RegexOptions.Multiline), $"{Path.GetFileName(file)} in {room} imports {other}"));
    }

    [Fact]
    public void Files_stay_small_and_no_name_is_a_catch_all()
    {
        Assert.All(Sources("src"), file =>
        {
            Assert.True(File.ReadLines(file).Count() <= 500, $"{Path.GetFileName(file)} is longer than 500 lines");
            Assert.DoesNotMatch(@"(Utils?|Utilities|Manager|Helpers?)\.cs$", Path.GetFileName(file));
        });
    }

    private static IEnumerable<string> Sources(string folder) => Directory.EnumerateFiles(Path.Combine(Shared.RepositoryRoot, folder), "*.cs", SearchOption.AllDirectories)
        .Where(file => !file.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}"));
}
