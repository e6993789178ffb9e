using LST.Core.Baselines;
using LST.Core.Compression;

namespace LST.Core.Tests.Compression;

public class MethodSpecTests
{
    private static readonly MethodEntry WithFile = new("filed", [], "takes a file",
    [
        new("file", "", OptionKind.Text, "a file"),
        new("scale", "0.5", OptionKind.Number, "a number"),
        new("limit", "64", OptionKind.Slots, "slots", "none"),
    ], _ => new DenseCache());

    [Theory]
    [InlineData("h2o:normalize=by-count:recent=0", "h2o:normalize=by-count:recent=0")]
    [InlineData(" H2O:Normalize=BY-COUNT ", "h2o:normalize=by-count")]
    [InlineData("h2o:normalize=by_count", "h2o:normalize=by-count")]
    [InlineData("snapkv:group_order=pool-first", "snapkv:group-order=pool-first")]
    [InlineData("StreamingLLM:sinks=2", "streaming:sinks=2")]
    [InlineData("dense", "dense")]
    public void Keeps_what_was_typed_under_the_registered_name(string text, string typed) => Assert.Equal(typed, MethodSpec.Parse(text).Typed);

    [Fact]
    public void Resolves_every_option()
    {
        var spec = MethodSpec.Parse("h2o:normalize=by-count:recent=n/4");

        Assert.Equal("h2o", spec.Name);
        Assert.Equal(new Dictionary<string, string> { ["sinks"] = "0", ["recent"] = "n/4", ["normalize"] = "by-count", ["group"] = "mean" }, spec.Options.Values);
    }

    [Fact]
    public void The_seed_of_the_run_is_the_default_of_seed_options()
    {
        Assert.Equal("17", MethodSpec.Parse("random", seed: 17).Options["seed"]);
        Assert.Equal("3", MethodSpec.Parse("random:seed=3", seed: 17).Options["seed"]);
        Assert.Equal("17", Assert.Single(MethodSpec.ParseList("random", seed: 17)).Options["seed"]);
    }

    [Fact]
    public void Text_keeps_its_letters_and_numbers_may_name_a_way_out()
    {
        var spec = MethodSpec.Parse("FILED:File=Data/My_File.safetensors:LIMIT=None:scale=1E-3", WithFile);

        Assert.Equal("Data/My_File.safetensors", spec.Options["file"]);
        Assert.Equal(("none", 0.001), (spec.Options["limit"], spec.Options.Number("scale")));
        Assert.Equal("filed:file=Data/My_File.safetensors:limit=none:scale=1e-3", spec.Typed);
    }

    [Theory]
    [InlineData("h3o", "h3o")]
    [InlineData("", "''")]
    [InlineData(":recent=0", "''")]
    [InlineData("lru cache", "lru cache")]
    public void An_unknown_method_is_refused_and_the_known_ones_are_listed(string text, string named)
    {
        var message = Assert.Throws<UsageException>(() => MethodSpec.Parse(text)).Message;

        Assert.Contains(named, message);
        Assert.All(MethodRegistry.Entries, entry => Assert.Contains(entry.Name, message));
    }

    [Theory]
    [InlineData("h2o:window=8", "'window'")]
    [InlineData("h2o:", "''")]
    [InlineData("h2o::recent=8", "''")]
    [InlineData("h2o:=8", "''")]
    public void An_unknown_option_is_refused_and_the_known_ones_are_listed(string text, string named)
    {
        var message = Assert.Throws<UsageException>(() => MethodSpec.Parse(text)).Message;

        Assert.Contains(named, message);
        Assert.All(HeavyHitters.Entry.Options, option => Assert.Contains(option.Key, message));
    }

    [Theory]
    [InlineData("h2o:normalize=both", "none, by-count")]
    [InlineData("h2o:normalize", "none, by-count")]
    [InlineData("h2o:recent=-1", "whole number or an expression")]
    [InlineData("h2o:recent=", "whole number or an expression")]
    [InlineData("h2o:recent=many", "whole number or an expression")]
    [InlineData("h2o:recent=1_000", "whole number or an expression")]
    [InlineData("mean:log-mass=yes", "true or false")]
    [InlineData("random:seed=-1", "at least 0")]
    [InlineData("random:seed=infinity", "at least 0")]
    public void A_bad_value_is_refused_and_what_may_stand_there_is_said(string text, string expected)
    {
        var message = Assert.Throws<UsageException>(() => MethodSpec.Parse(text)).Message;

        Assert.Contains(text.Split(':')[1].Split('=')[0], message);
        Assert.Contains(expected, message);
    }

    [Fact]
    public void An_option_given_twice_is_refused() =>
        Assert.Contains("'recent' is given twice", Assert.Throws<UsageException>(() => MethodSpec.Parse("h2o:recent=1:recent=2")).Message);

    [Fact]
    public void A_method_without_options_says_so() => Assert.Contains("it has none", Assert.Throws<UsageException>(() => MethodSpec.Parse("dense:sinks=1")).Message);

    [Fact]
    public void All_is_every_registered_method_and_others_may_follow()
    {
        Assert.Equal(MethodRegistry.Entries.Select(entry => entry.Name), MethodSpec.ParseList("All").Select(spec => spec.Typed));
        Assert.Equal([.. MethodRegistry.Entries.Select(entry => entry.Name), "mean:log-mass=true"], MethodSpec.ParseList("all, mean:log-mass=true").Select(spec => spec.Typed));
    }

    [Theory]
    [InlineData("")]
    [InlineData("dense,")]
    [InlineData(",dense")]
    [InlineData("dense,,h2o")]
    public void An_empty_name_in_a_list_is_refused(string list) => Assert.Contains("Known: dense", Assert.Throws<UsageException>(() => MethodSpec.ParseList(list)).Message);

    [Theory]
    [InlineData("dense,dense")]
    [InlineData("streaming,StreamingLLM")]
    [InlineData("all,h2o")]
    public void A_row_named_twice_is_refused(string list) => Assert.Contains("named twice", Assert.Throws<UsageException>(() => MethodSpec.ParseList(list)).Message);

    [Fact]
    public void Every_registered_name_option_and_default_can_be_typed()
    {
        var names = MethodRegistry.Entries.SelectMany(entry => entry.Aliases.Append(entry.Name)).ToList();
        Assert.Equal(names.Count, names.Distinct(StringComparer.OrdinalIgnoreCase).Count());
        foreach (var entry in MethodRegistry.Entries)
        {
            Assert.Equal(entry.Options.Count, entry.Options.Select(option => option.Key).Distinct().Count());
            foreach (var option in entry.Options.Where(option => option.Default.Length > 0))
                Assert.Equal(option.Default, MethodSpec.Parse($"{entry.Name}:{option.Key}={option.Default}").Options[option.Key]);
            foreach (var (option, choice) in entry.Options.SelectMany(option => option.Choices.Select(choice => (option, choice))))
                MethodSpec.Parse($"{entry.Name}:{option.Key}={choice}").Create().Dispose();
        }
    }
}
