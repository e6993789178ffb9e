using LST.Core.Training.Data;

namespace LST.Core.Tests.Training.Data;

public class WordListsTests
{
    [Fact]
    public void Words_are_trimmed_and_as_many_as_the_files_have()
    {
        Assert.Equal((912, 6782, 1042), (WordLists.Adjectives.Count, WordLists.Nouns.Count, WordLists.Verbs.Count));
        Assert.All(WordLists.Adjectives.Concat(WordLists.Nouns).Concat(WordLists.Verbs), word => Assert.Equal(word.Trim(), word));
        Assert.Equal(("ATM", "zucchini"), (WordLists.Nouns[0], WordLists.Nouns[^1]));
    }

    [Theory]
    [InlineData("adjectives.txt")]
    [InlineData("nouns.txt")]
    [InlineData("verbs.txt")]
    [InlineData("LICENSE.txt")]
    public void The_assembly_holds_the_repository_s_bytes(string file)
    {
        var bytes = WordLists.Bytes(file);

        Assert.Equal(File.ReadAllBytes(Path.Combine(Shared.RepositoryRoot, "data", "wordlists", file)), bytes);
        Assert.Equal(File.ReadAllBytes(Shared.Require($"goldens/wordlists/{file}")), bytes);
    }

    [Fact]
    public void The_licence_comes_along() => Assert.Contains("MIT License", WordLists.Licence);
}
