using LST.Core.Baselines;
using LST.Core.Compression;

namespace LST.Core.Tests.Compression;

/// <summary>Other tests read the registry as it ships: this class runs alone.</summary>
[CollectionDefinition(nameof(RegistryAlone), DisableParallelization = true)]
public sealed class RegistryAlone;

/// <summary>Methods that come and go while a process runs.</summary>
[Collection(nameof(RegistryAlone))]
public sealed class AddedMethodTests : IDisposable
{
    private const string Name = "added-method";

    private static readonly MethodEntry Entry = KeyDiff.Entry with { Name = Name, Aliases = ["added-alias"] };

    [Fact]
    public void A_method_that_was_added_can_be_typed_stands_last_and_goes_again()
    {
        var shipped = MethodRegistry.Entries;

        MethodRegistry.Add(Entry);

        Assert.Equal([.. shipped, Entry], MethodRegistry.Entries);
        Assert.Equal(Name, MethodSpec.Parse("Added-Alias").Typed);
        Assert.Equal(Name, MethodSpec.ParseList("all")[^1].Typed);
        Assert.Contains(Entry, Scorers.Entries);
        using (var shared = MethodSpec.Parse($"adakv:scorer={Name}").Create()) Assert.IsType<AdaKv>(shared);
        Assert.True(MethodRegistry.Remove(Name));
        Assert.False(MethodRegistry.Remove(Name));
        Assert.Equal(shipped, MethodRegistry.Entries);
        Assert.DoesNotContain(Entry, Scorers.Entries);
        Assert.Throws<UsageException>(() => MethodSpec.Parse(Name));
    }

    [Theory]
    [InlineData("h2o"), InlineData("StreamingLLM"), InlineData("all"), InlineData("two words"), InlineData("a:b"), InlineData("a,b"), InlineData("Upper"), InlineData("")]
    public void A_name_that_is_taken_or_cannot_be_typed_is_refused(string name)
    {
        var error = Assert.Throws<UsageException>(() => MethodRegistry.Add(Entry with { Name = name }));

        Assert.Contains($"method name '{name}'", error.Message, StringComparison.Ordinal);
        Assert.Null(MethodRegistry.Find("added-alias"));
    }

    [Fact]
    public void An_alias_that_is_taken_is_refused_and_a_method_that_ships_stays()
    {
        Assert.Contains("is taken by 'tova'", Assert.Throws<UsageException>(() => MethodRegistry.Add(Entry with { Aliases = ["tova"] })).Message, StringComparison.Ordinal);
        Assert.Contains("ships with this build", Assert.Throws<UsageException>(() => MethodRegistry.Remove("keydiff")).Message, StringComparison.Ordinal);
        Assert.NotNull(MethodRegistry.Find("keydiff"));
    }

    [Fact]
    public void A_method_that_cannot_be_made_is_not_added()
    {
        Assert.Throws<InvalidOperationException>(() => MethodRegistry.Add(Entry with { Create = _ => throw new InvalidOperationException("broken") }));

        Assert.Null(MethodRegistry.Find(Name));
    }

    [Fact]
    public void Of_many_that_add_one_name_at_once_one_succeeds()
    {
        var refused = 0;

        Parallel.For(0, 32, _ =>
        {
            try
            {
                MethodRegistry.Add(Entry);
            }
            catch (UsageException)
            {
                Interlocked.Increment(ref refused);
            }
        });

        Assert.Equal(31, refused);
        Assert.Single(MethodRegistry.Entries, entry => entry.Name == Name);
    }

    public void Dispose() => MethodRegistry.Remove(Name);
}
