using LST.Core.Models.Checkpoints;
using LST.Core.Sidecar;
using LST.Core.Tests.Models;
using LST.Core.Tests.Models.Checkpoints;
using TorchSharp;
using static TorchSharp.torch;

namespace LST.Core.Tests.Sidecar;

/// <summary>The corpus of broken sidecars; none is ever removed. Each gives one sentence and leaves no tensor behind.</summary>
public sealed class MalformedSidecarTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    // What is done to a good file's tensors, and what the sentence must say.
    private static readonly Dictionary<string, (Action<Dictionary<string, Tensor>> Change, string Says)> Tensors = new()
    {
        ["missing tensor"] = (t => t.Remove("trunk.out"), "has a tensor 'trunk.out', found none"),
        ["missing scale"] = (t => t.Remove("input.mean"), "has a tensor 'input.mean', found none"),
        ["extra tensor"] = (t => t["more"] = ones(2), "tensor 'more' is not part of a sidecar"),
        ["other shape"] = (t => t["trunk.first.bias"] = ones(13), "tensor 'trunk.first.bias' must be a floating [12] by its options, found F32 [13]"),
        ["other rank"] = (t => t["trunk.first.bias"] = ones(12, 1), "found F32 [12, 1]"),
        ["whole numbers"] = (t => t["trunk.first.bias"] = ones(12, int64), "found I64 [12]"),
        ["not a number"] = (t => t["trunk.out"][0, 0] = float.NaN, "tensor 'trunk.out' holds numbers that are not finite"),
        ["infinite"] = (t => t["head.delta"][0, 0, 0, 0] = float.NegativeInfinity, "tensor 'head.delta' holds numbers that are not finite"),
        ["infinite scale"] = (t => t["input.deviation"][0, 0, 0] = float.PositiveInfinity, "tensor 'input.deviation' holds numbers that are not finite"),
        ["zero deviation"] = (t => t["input.deviation"][0, 0, 0] = 0, "tensor 'input.deviation' divides the inputs and must be positive"),
        ["negative deviation"] = (t => t["input.deviation"][0, 0, 0] = -1, "must be positive"),
    };

    // What is replaced in the options, and what the sentence must say.
    private static readonly Dictionary<string, (string From, string To, string Says)> Options = new()
    {
        ["empty"] = ("", "", "is not the config of a sidecar: it is not JSON"),
        ["null"] = ("", "null", "it is no JSON object"),
        ["no JSON"] = ("", "{]", "it is not JSON"),
        ["array"] = ("", "[]", "it is no JSON object"),
        ["deep nesting"] = ("", "{\"training\":{\"a\":" + new string('[', 200) + new string(']', 200) + "}}", "it is not JSON"),
        ["text behind"] = ("\"version\":1", "\"version\":1}{", "it is not JSON"),
        ["unknown option"] = ("\"version\":1", "\"version\":1,\"magic\":true", "option 'magic' is unknown; known: version, preset, model, ratios, longest_window"),
        ["option twice"] = ("\"version\":1", "\"version\":1,\"version\":1", "an option stands twice in it"),
        ["derived option"] = ("\"version\":1", "\"version\":1,\"seen_tokens\":9", "option 'seen_tokens' is unknown"),
        ["unknown word on the model"] = ("\"head_dim\":8", "\"head_dim\":8,\"colour\":\"red\"", "option 'model.colour' does not fit"),
        ["line breaks in a name"] = ("\"version\":1", "\"version\":1,\"a\\nb\":1", "option 'a b' is unknown"),
        ["no network"] = ("\"network\":\"trunk\",", "", "option 'network' is missing"),
        ["unknown network"] = ("\"network\":\"trunk\"", "\"network\":\"forest\"", "option 'network' does not fit, network holds \"forest\"; it is one of encoder, trunk, per-head"),
        ["network as a number"] = ("\"network\":\"trunk\"", "\"network\":1", "option 'network' does not fit"),
        ["unknown bias"] = ("\"bias\":\"learned\"", "\"bias\":\"much\"", "option 'bias' does not fit"),
        ["unknown norm"] = ("\"norm\":\"none\"", "\"norm\":\"soft\"", "option 'norm' does not fit"),
        ["unknown key space"] = ("\"key_space\":\"pre-rope\"", "\"key_space\":\"rope\"", "option 'key_space' does not fit"),
        ["hidden as text"] = ("\"hidden\":12", "\"hidden\":\"12\"", "option 'hidden' does not fit"),
        ["hidden beyond 32 bits"] = ("\"hidden\":12", "\"hidden\":99999999999", "option 'hidden' does not fit"),
        ["no hidden"] = ("\"hidden\":12", "\"hidden\":0", "option hidden must be 1 to 65536, found 0"),
        ["another version"] = ("\"version\":1", "\"version\":2", "option version must be 1 to 1, found 2"),
        ["no layers"] = ("\"layers\":2", "\"layers\":0", "option layers must be 1 to 4096, found 0"),
        ["empty model"] = ("\"model\":{\"name\":\"tiny\",\"layers\":2,\"query_heads\":4,\"key_value_heads\":4,\"head_dim\":8}", "\"model\":{}", "option layers must be 1 to 4096, found 0"),
        ["no model"] = ("\"model\":{\"name\":\"tiny\",\"layers\":2,\"query_heads\":4,\"key_value_heads\":4,\"head_dim\":8}", "\"model\":null", "names no model"),
        ["no ratios"] = ("\"ratios\":[\"2\"]", "\"ratios\":null", "names no model, preset or ratios"),
        ["window shorter than its super-tokens"] = ("\"super_tokens\":1", "\"super_tokens\":13", "option longest_window must be 13 to 4096, found 12"),
        ["negative neighbours"] = ("\"neighbours\":2", "\"neighbours\":-1", "option neighbours must be 0 to 256, found -1"),
        ["sinks of words"] = ("\"sinks\":\"4\"", "\"sinks\":\"few\"", "option sinks must be a whole number or an expression of n and r such as n/4, found 'few'"),
        ["no recent"] = ("\"recent\":\"8\"", "\"recent\":null", "option recent must be"),
        ["negative ridge"] = ("\"refit_strength\":1", "\"refit_strength\":-1", "option refit_strength must be a finite number of at least 0, found -1"),
        ["infinite ridge"] = ("\"refit_strength\":1", "\"refit_strength\":1e999", "option refit_strength must be a finite number"),
        ["learned bias of an encoder"] = ("\"network\":\"trunk\"", "\"network\":\"encoder\"", "bias 'learned' needs network 'trunk' or 'per-head'"),
        ["heads that do not divide"] = ("\"network\":\"trunk\",\"hidden\":12", "\"network\":\"encoder\",\"hidden\":13", "hidden must be a multiple of encoder_heads, found 13 and 3"),
        ["shares of too few layers"] = ("\"version\":1", "\"version\":1,\"head_slots\":[[1,1,1,1]]", "head_slots must hold 2 x 4 numbers"),
        ["shares of too many heads"] = ("\"version\":1", "\"version\":1,\"head_slots\":[[1,1,1,1],[1,1,1,1,1]]", "head_slots must hold 2 x 4 numbers"),
        ["no shares of a layer"] = ("\"version\":1", "\"version\":1,\"head_slots\":[null,[1,1,1,1]]", "head_slots must hold 2 x 4 numbers"),
        ["shares of another mean"] = ("\"version\":1", "\"version\":1,\"head_slots\":[[1,1,1,1],[1,1,1,2]]", "head_slots must have mean 1"),
        ["negative share"] = ("\"version\":1", "\"version\":1,\"head_slots\":[[1,1,1,1],[1,1,3,-1]]", "head_slots must hold 2 x 4 numbers from 0"),
        ["more recents than slots"] = ("\"version\":1", "\"version\":1,\"head_recent\":[[0,0,0,0],[0,0,0,1.5]]", "head_recent must hold 2 x 4 numbers from 0 to 1"),
        ["unknown choice"] = ("\"choice\":\"none\"", "\"choice\":\"best\"", "option 'choice' does not fit, choice holds \"best\"; it is one of none, learned"),
        ["choice as a number"] = ("\"choice\":\"none\"", "\"choice\":1", "option 'choice' does not fit"),
        ["no width of a choice"] = ("\"choice_rank\":16", "\"choice_rank\":0", "option choice_rank must be 1 to 4096, found 0"),
        ["endless layer of a choice"] = ("\"choice_hidden\":64", "\"choice_hidden\":65537", "option choice_hidden must be 1 to 65536, found 65537"),
        ["width of a choice as text"] = ("\"choice_hidden\":64", "\"choice_hidden\":\"64\"", "option 'choice_hidden' does not fit"),
        ["negative merged share"] = ("\"merged_share\":0.1", "\"merged_share\":-0.1", "option merged_share must be 0 to 1, found -0.1"),
        ["merged share above one"] = ("\"merged_share\":0.1", "\"merged_share\":1.01", "option merged_share must be 0 to 1, found 1.01"),
        ["infinite merged share"] = ("\"merged_share\":0.1", "\"merged_share\":1e999", "option merged_share must be 0 to 1"),
        ["shares as text"] = ("\"version\":1", "\"version\":1,\"head_recent\":\"all\"", "option 'head_recent' does not fit"),
    };

    public static TheoryData<string> TensorCases => [.. Tensors.Keys];

    public static TheoryData<string> OptionCases => [.. Options.Keys];

    [Theory, MemberData(nameof(TensorCases))]
    public void Tensors_that_the_options_do_not_ask_for_are_refused(string name)
    {
        var path = Write(Tensors[name].Change, json => json);

        AssertRefused(path, Tensors[name].Says);
    }

    [Theory, MemberData(nameof(OptionCases))]
    public void Options_that_no_sidecar_has_are_refused(string name)
    {
        var (from, to, says) = Options[name];
        var path = Write(_ => { }, json =>
        {
            if (from.Length > 0) Assert.Contains(from, json);
            return from.Length == 0 ? to : json.Replace(from, to);
        });

        AssertRefused(path, says);
        Assert.Contains(says, Assert.Throws<SidecarException>(() => SidecarFile.ReadConfig(path)).Message);
    }

    [Fact]
    public void The_file_behind_the_corpus_is_a_good_one() => SidecarFile.Read(Write(_ => { }, json => json)).Dispose();

    [Fact]
    public void A_choice_without_its_tensors_is_refused() =>
        AssertRefused(Write(_ => { }, json => json.Replace("\"choice\":\"none\"", "\"choice\":\"learned\"")), "has a tensor 'choice.project', found none");

    [Theory]
    [InlineData("\"super_tokens\":1", "\"super_tokens\":2")]
    [InlineData("\"refit\":\"none\"", "\"refit\":\"prefix\"")]
    [InlineData("\"key_space\":\"pre-rope\"", "\"key_space\":\"post-rope\"")]
    public void A_choice_together_with_what_needs_windows_is_refused(string from, string to)
    {
        var path = Write(_ => { }, json => json.Replace("\"choice\":\"none\"", "\"choice\":\"learned\"").Replace(from, to));

        AssertRefused(path, "it goes with super_tokens 1, refit 'none' and key_space 'pre-rope'");
        Assert.Throws<SidecarException>(() => SidecarFile.ReadConfig(path));
    }

    [Fact]
    public void Files_that_are_no_sidecars_are_refused()
    {
        using var scope = NewDisposeScope();
        var model = folder.File("model.safetensors");
        SafetensorsWriter.Write(model, [KeyValuePair.Create("a", ones(2))]);
        var good = File.ReadAllBytes(Write(_ => { }, json => json));

        AssertRefused(model, "its metadata has no entry 'lst'");
        AssertRefused(folder.File("none.safetensors"), "there is no such sidecar file");
        AssertRefused(folder.Path, "there is no such sidecar file");
        AssertRefused(folder.Write("old.pt", good), "a pickle file can run code when it is read and is refused");
        AssertRefused(folder.Write("old.BIN", good), "a pickle file can run code");
        AssertRefused(folder.Write("empty.safetensors", []), "8-byte header length; the file has 0 bytes");
        AssertRefused(folder.Write("text.safetensors", "{\"hello\": 1}, a text of more than eight bytes"), "text.safetensors");
        foreach (var length in new[] { 5, 8, 100, good.Length / 2, good.Length - 1 })
            AssertRefused(folder.Write($"torn-{length}.safetensors", good[..length]), $"torn-{length}.safetensors");
        AssertRefused(folder.Write("long.safetensors", [.. good, 0]), "1 bytes are left over");
    }

    public void Dispose() => folder.Dispose();

    private string Write(Action<Dictionary<string, Tensor>> change, Func<string, string> changeOptions)
    {
        using var scope = NewDisposeScope();
        using var sidecar = RandomSidecar.Of(RandomSidecar.Config("random-trunk", TinyModels.Mha), 4);
        var tensors = sidecar.Parameters.ToDictionary(p => p.Key, p => p.Value.clone());
        (tensors["input.mean"], tensors["input.deviation"]) = (sidecar.Scale.Mean.clone(), sidecar.Scale.Deviation.clone());
        change(tensors);
        var path = folder.File("broken.safetensors");
        SafetensorsWriter.Write(path, tensors, new Dictionary<string, string> { ["lst"] = changeOptions(sidecar.Config.ToJson()) });
        return path;
    }

    private static void AssertRefused(string path, string says)
    {
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;

        var failure = Assert.Throws<SidecarException>(() => SidecarFile.Read(path));

        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        Assert.Contains(says, failure.Message);
        Assert.Contains(Path.GetFileName(path), failure.Message);
        Assert.DoesNotContain('\n', failure.Message);
        Assert.DoesNotContain("LST.Core", failure.Message);
        Assert.Equal(1, failure.ExitCode);
    }
}
