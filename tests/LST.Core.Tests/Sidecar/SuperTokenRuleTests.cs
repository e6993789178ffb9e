using LST.Core.Compression;
using LST.Core.Sidecar;
using LST.Core.Tests.Models;
using static TorchSharp.torch;

namespace LST.Core.Tests.Sidecar;

/// <summary>Rules that hold whatever was learned: norms, bias, protected tokens, key space, budgets.</summary>
public class SuperTokenRuleTests
{
    private static readonly Ratio Half = Ratio.Of(2);

    public static TheoryData<string> Kinds => [.. RandomSidecar.WindowKinds];

    [Theory, MemberData(nameof(Kinds))]
    public void Protected_tokens_are_copied_bit_for_bit_and_nothing_else_is_a_token(string kind)
    {
        foreach (var type in new[] { float32, bfloat16 })
        {
            using var scope = NewDisposeScope();
            var shape = TinyModels.Gqa;
            using var sidecar = RandomSidecar.Of(RandomSidecar.Config(kind, shape), 2);
            var context = RandomContext.Of(shape, 80, 4, type, layer: 2);
            using var made = sidecar.Compress(context, Half);
            var plans = HeadBudgets.Of(sidecar.Config, new PlanContext(80, shape.Layers, shape.KeyValueHeads, Half))[2];

            Assert.Equal(type, made.Keys.dtype);
            for (var h = 0; h < 2; h++)
                for (var i = 0; i < plans[h]!.Slots; i++)
                {
                    var (row, token) = (made.Offsets[h] + i, made.Positions[made.Offsets[h] + i]);
                    var isProtected = i < plans[h]!.Sinks || i >= plans[h]!.Slots - plans[h]!.Recent;
                    Assert.Equal(isProtected, Same(context.Keys[h][token], made.Keys[row]) && Same(context.Values[h][token], made.Values[row]));
                    if (isProtected && made.Bias is not null) Assert.Equal(0f, made.Bias[row].item<float>());
                    if (isProtected) Assert.Equal(i < plans[h]!.Sinks ? i : 80 - plans[h]!.Slots + i, token);
                }
        }
    }

    [Theory, InlineData(1), InlineData(2)]
    public void The_hard_norm_gives_every_super_token_the_mean_norm_of_its_window(int m)
    {
        foreach (var network in Enum.GetValues<SidecarNetwork>())
        {
            using var scope = NewDisposeScope();
            var shape = TinyModels.Mha;
            using var sidecar = RandomSidecar.Of(RandomSidecar.Config(network, shape) with { Norm = NormRule.Hard, SuperTokens = m, LongestWindow = 6 }, 2);
            var context = RandomContext.Of(shape, 60, 4);
            using var made = sidecar.Compress(context, Half);
            var plan = HeadBudgets.Of(sidecar.Config, new PlanContext(60, shape.Layers, shape.KeyValueHeads, Half))[0][0]!;

            foreach (var (dense, held) in new[] { (context.CapturedPreRopeKeys!, made.Keys), (context.Values, made.Values) })
                for (var h = 0; h < 4; h++)
                    for (var g = 0; g < plan.Windows.Count * m; g++)
                    {
                        var window = plan.Windows[g / m];
                        var wanted = dense[h].narrow(0, window.First, window.Count).norm(1).mean().item<float>();
                        Assert.Equal(wanted, held[made.Offsets[h] + plan.Sinks + g].norm().item<float>(), 1e-4f);
                    }
        }
    }

    [Theory, InlineData(SlotBias.None, 1), InlineData(SlotBias.LogMass, 1), InlineData(SlotBias.LogMass, 2), InlineData(SlotBias.Learned, 1)]
    public void The_bias_follows_its_rule(SlotBias rule, int m)
    {
        using var scope = NewDisposeScope();
        var shape = TinyModels.Mha;
        using var sidecar = RandomSidecar.Of(RandomSidecar.Config(SidecarNetwork.Trunk, shape) with { Bias = rule, SuperTokens = m, LongestWindow = 6 }, 2);
        using var made = sidecar.Compress(RandomContext.Of(shape, 60, 4), Half);

        Assert.Equal(rule == SlotBias.None, made.Bias is null);
        if (made.Bias is null) return;
        var differences = PlainNumbers.Of(made.Bias).Select((bias, i) => Math.Abs(bias - Math.Log(made.Counts![i]))).ToArray();
        if (rule == SlotBias.LogMass) Assert.All(differences, difference => Assert.InRange(difference, 0, 1e-6));
        else Assert.Contains(differences, difference => difference > 1e-3);
    }

    [Fact]
    public void Keys_pooled_after_rotation_are_those_of_the_cache_and_before_rotation_those_of_the_projection()
    {
        using var scope = NewDisposeScope();
        var shape = TinyModels.Mha;
        var context = RandomContext.Of(shape, 60, 4);
        var plain = RandomSidecar.Config(SidecarNetwork.Trunk, shape) with { LongestWindow = 6 };
        using var before = RandomSidecar.Of(plain, 2);
        using var after = RandomSidecar.Of(plain with { KeySpace = KeySpace.PostRope }, 2);
        LayerContext Given(Tensor keys, Tensor? projected) => new() { Layer = 0, Config = shape, Rotary = context.Rotary, Keys = keys, Values = context.Values, CapturedPreRopeKeys = projected };

        using var pre = before.Compress(context, Half);
        using var turnedBack = before.Compress(Given(context.Keys, null), Half);
        using var post = after.Compress(context, Half);
        using var withoutProjection = after.Compress(Given(context.Keys, null), Half);

        Assert.InRange(PlainNumbers.Distance(pre.Keys, turnedBack.Keys), 0, 1e-4);
        Assert.Equal(PlainNumbers.Bits(post.Keys), PlainNumbers.Bits(withoutProjection.Keys));
        Assert.True(PlainNumbers.Distance(pre.Keys, post.Keys) > 0.1);
    }

    [Fact]
    public void Heads_that_no_windows_fit_stay_as_they_are()
    {
        using var scope = NewDisposeScope();
        var shape = TinyModels.Mha;
        using var sidecar = RandomSidecar.Of(RandomSidecar.Config(SidecarNetwork.Trunk, shape), 2);
        var context = RandomContext.Of(shape, 60, 4);

        // Windows of up to 4 tokens do not reach 8:1.
        using var made = sidecar.Compress(context, Ratio.Of(8));

        Assert.Equal(4 * 60, made.Slots);
        Assert.Null(made.Bias);
        Assert.Equal(PlainNumbers.Bits(context.Keys), PlainNumbers.Bits(made.Keys));
    }

    [Fact]
    public void Shares_of_heads_give_each_head_its_own_length_at_the_same_total()
    {
        using var scope = NewDisposeScope();
        var shape = TinyModels.Gqa;
        using var sidecar = RandomSidecar.Of(RandomSidecar.Config("random-budgets", shape), 2);
        using var compressor = SuperTokenCompressor.Around(sidecar);

        var plan = compressor.Plan(new PlanContext(120, shape.Layers, shape.KeyValueHeads, Half));

        Assert.Equal(60 * 6, plan.Total);
        Assert.Equal([30, 42, 54, 66, 78, 90], plan.Layers.SelectMany(layer => layer.SlotsByHead));
        foreach (var layer in Enumerable.Range(0, 3))
        {
            using var made = compressor.Compress(RandomContext.Of(shape, 120, 5, layer: layer), plan.Layers[layer]);
            Assert.Equal(plan.Layers[layer].SlotsByHead, [made.Length(0, 0), made.Length(0, 1)]);
            Assert.False(made.PositionsShared);
        }
    }

    private static bool Same(Tensor a, Tensor b) => PlainNumbers.Bits(a).SequenceEqual(PlainNumbers.Bits(b));
}
