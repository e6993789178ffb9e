using CsCheck;
using LST.Core.Models;
using LST.Core.Sidecar;
using LST.Core.Tests.Models;
using static TorchSharp.torch;

namespace LST.Core.Tests.Sidecar;

/// <summary>Index tensors of windows against loops over tokens.</summary>
public class WindowBatchTests
{
    private static readonly RotaryEmbedding Rotary = new(TinyModels.Mha);

    [Fact]
    public void Every_window_sees_its_tokens_and_neighbours_and_nothing_else() =>
        (from m in Gen.Int[1, 3]
         from longest in Gen.Int[m + 1, 8]
         from neighbours in Gen.Int[0, 4]
         from tokens in Gen.Int[12, 60]
         from slots in Gen.Int[(int)Math.Ceiling(12.0 / longest) * m, tokens].Array[1, 4]
         select (m, longest, neighbours, tokens, slots)).Sample(x =>
         {
             using var scope = NewDisposeScope();
             var config = WindowPlanTests.Config(x.longest, x.m) with { Neighbours = x.neighbours };
             var plans = x.slots.Select(n => WindowPlan.Make(config, x.tokens, n, 2, 3)).ToList();
             if (plans.All(plan => plan is null)) return;
             using var batch = new WindowBatch(config, plans, x.tokens, Rotary, CPU);

             AssertWindows(config, batch, x.tokens);
             AssertSlots(batch, x.tokens);
             Assert.Equal(plans.Sum(plan => plan?.Windows.Count ?? 0), batch.Windows);
             Assert.Equal(plans.Select(plan => plan?.Windows.Count ?? 0).Distinct().Count() == 1, batch.IsUniform);
         }, iter: 400, threads: 1);

    [Fact]
    public void Neighbours_that_the_text_does_not_have_are_absent()
    {
        using var scope = NewDisposeScope();
        var config = WindowPlanTests.Config(3, 1) with { Neighbours = 2 };
        using var batch = new WindowBatch(config, [WindowPlan.Make(config, 5, 2, 0, 0), null], 5, Rotary, CPU);

        // Windows 0-1 and 2-4 of 5 tokens; 10 is no token.
        Assert.Equal([10, 10, 0, 1, 10, 2, 3, 0, 1, 2, 3, 4, 10, 10], PlainNumbers.Of(batch.Seen).Select(row => (int)row));
        Assert.Equal([0, 0, 1, 1, 0, 1, 1, 1, 1, 1, 1, 1, 0, 0], PlainNumbers.Of(batch.IsSeen).Select(seen => (int)seen));
        Assert.Equal([1, 1, 0, 1, 1, 1], PlainNumbers.Of(batch.Inside).Select(inside => (int)inside));
        Assert.Equal([0, 2, 7], batch.SlotOffsets);
        Assert.Equal([0, 3, 0, 1, 2, 3, 4], batch.SlotPositions);
        Assert.Equal([2f, 3f, 1f, 1f, 1f, 1f, 1f], batch.SlotCounts);
        Assert.Equal([10, 11, 5, 6, 7, 8, 9], PlainNumbers.Of(batch.Rows).Select(row => (int)row));
    }

    private static void AssertWindows(SidecarConfig config, WindowBatch batch, int tokens)
    {
        var (c, longest, m, absent) = (config.Neighbours, config.LongestWindow, config.SuperTokens, (long)batch.Plans.Count * tokens);
        var (seen, isSeen, inside, hidden) = (PlainNumbers.Of(batch.Seen), PlainNumbers.Of(batch.IsSeen), PlainNumbers.Of(batch.Inside), PlainNumbers.Of(batch.Hidden));
        var (lengths, owner, cos) = (PlainNumbers.Of(batch.Lengths), PlainNumbers.Of(batch.HeadOfWindow), PlainNumbers.Of(batch.Cos));
        var at = 0;
        for (var h = 0; h < batch.Plans.Count; h++)
        {
            Assert.Equal(at, batch.HeadOffsets[h]);
            foreach (var (first, count) in batch.Plans[h]?.Windows ?? [])
            {
                List<long> expected = [];
                for (var token = first - c; token < first; token++) expected.Add(token < 0 ? absent : (h * tokens) + token);
                for (var i = 0; i < longest; i++) expected.Add(i < count ? (h * tokens) + first + i : absent);
                for (var token = first + count; token < first + count + c; token++) expected.Add(token >= tokens ? absent : (h * tokens) + token);
                var width = longest + (2 * c);
                Assert.Equal(expected, seen.AsSpan(at * width, width).ToArray().Select(row => (long)row));
                Assert.Equal(expected.Select(row => row == absent ? 0.0 : 1), isSeen.AsSpan(at * width, width).ToArray());
                Assert.Equal(Enumerable.Range(0, longest).Select(i => i < count ? 1.0 : 0), inside.AsSpan(at * longest, longest).ToArray());
                Assert.Equal(Enumerable.Range(0, longest).Select(i => i < count ? 0.0 : double.NegativeInfinity), hidden.AsSpan(at * longest, longest).ToArray());
                Assert.Equal((count, h), (lengths[at], owner[at]));
                for (var i = 0; i < m; i++)
                {
                    var position = first + (((i * count / m) + ((i + 1) * count / m) - 1) / 2);
                    Assert.Equal((float)Math.Cos((double)(position * Rotary.InverseFrequencies[1])), cos[(((at * m) + i) * Rotary.HeadDim / 2) + 1], 1e-6);
                }
                at++;
            }
        }
        Assert.Equal(at, batch.HeadOffsets[^1]);
    }

    private static void AssertSlots(WindowBatch batch, int tokens)
    {
        var (rows, window) = (PlainNumbers.Of(batch.Rows), 0);
        for (var h = 0; h < batch.Plans.Count; h++)
        {
            var (from, to) = (batch.SlotOffsets[h], batch.SlotOffsets[h + 1]);
            Assert.Equal(tokens, batch.SlotCounts[from..to].Sum(), 1e-3);
            Assert.True(batch.SlotPositions[from..to].Zip(batch.SlotPositions[(from + 1)..to]).All(pair => pair.First < pair.Second));
            var plan = batch.Plans[h];
            Assert.Equal(plan?.Slots ?? tokens, to - from);
            for (var i = from; i < to; i++)
            {
                var isSuper = plan is not null && i - from >= plan.Sinks && to - i > plan.Recent;
                Assert.Equal(isSuper ? ((long)batch.Plans.Count * tokens) + window++ : ((long)h * tokens) + batch.SlotPositions[i], (long)rows[i]);
            }
        }
        Assert.Equal(batch.Windows * batch.SuperTokens, window);
    }
}
