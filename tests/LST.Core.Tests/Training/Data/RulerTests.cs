using System.Text.RegularExpressions;
using CsCheck;
using LST.Core.Training.Data;

namespace LST.Core.Tests.Training.Data;

public class RulerTests
{
    private static readonly Gen<(RulerTask Task, long Index)> Any = Gen.Select(Gen.Enum<RulerTask>(), Gen.Long[0, 1_000_000]);

    private static TrainingSequence Make(RulerTask task, long index) =>
        Samplers.Sampler(Samplers.Only(SequenceKinds.Ruler) with { PrefixMin = 700, PrefixMax = 700, RulerTasks = [task] }).At(index);

    [Fact]
    public void Answers_stand_in_the_context_and_are_the_targets_that_count() => Any.Sample(drawn =>
    {
        var sequence = Make(drawn.Task, drawn.Index);
        var context = Samplers.Decode(sequence.PrefixIds);

        var answer = Assert.Single(RecallTests.Runs(sequence));

        Assert.StartsWith(" ", answer);
        Assert.EndsWith(answer, Samplers.Decode(sequence.Ids));
        Assert.All(Parts(drawn.Task, answer), part => Assert.Contains(part, context));
        Assert.Equal(drawn.Task.ToString().ToLowerInvariant(), sequence.Detail);
        Assert.InRange(sequence.Prefix, 690, 700);
    }, iter: 100, threads: 1);

    [Fact]
    public void The_question_stands_behind_the_prefix() => Any.Sample(drawn =>
    {
        var sequence = Make(drawn.Task, drawn.Index);

        var text = Samplers.Decode(sequence.Ids);
        var question = text.LastIndexOf("\nWh", StringComparison.Ordinal);

        Assert.Equal(text[..question], Samplers.Decode(sequence.PrefixIds).TrimEnd('\n'));
    }, iter: 60, threads: 1);

    [Theory]
    [InlineData(RulerTask.Single, 1, 1)]
    [InlineData(RulerTask.MultiKey, 1, 1)]
    [InlineData(RulerTask.MultiValue, 2, 4)]
    [InlineData(RulerTask.MultiQuery, 2, 4)]
    public void Needles_answer_their_question(RulerTask task, int fewest, int most)
    {
        for (var index = 0; index < 20; index++)
        {
            var text = Samplers.Decode(Make(task, index).Ids);
            var question = Regex.Match(text, "\nThe special magic (word|number|uuid)s? of (.+) in the text above (?:is|are) (.+)$");

            var keys = Regex.Split(question.Groups[2].Value, ", | and ");
            var answers = question.Groups[3].Value.Split(", ");
            var needles = Regex.Matches(text, $"One special magic {question.Groups[1].Value} of (.+?) is: (.+?)\\.(?= |\n|$)").Select(m => (Key: m.Groups[1].Value, Value: m.Groups[2].Value)).ToList();

            Assert.InRange(answers.Length, fewest, most);
            Assert.Equal(keys.SelectMany(key => needles.Where(n => n.Key == key).Select(n => n.Value)), answers);
            if (task == RulerTask.MultiKey) Assert.InRange(needles.Count, 4, 100);
        }
    }

    [Fact]
    public void A_chain_is_followed_to_its_end()
    {
        for (var index = 0; index < 20; index++)
        {
            var text = Samplers.Decode(Make(RulerTask.Tracking, index).Ids);
            var question = Regex.Match(text, "above, (\\d) variables have the value (\\d{5}), namely: (.+)$");
            var holders = new List<string>();
            foreach (Match line in Regex.Matches(text, "^VAR ([A-Z]{5}) = (.+)$", RegexOptions.Multiline))
                if (line.Groups[2].Value == question.Groups[2].Value || holders.Any(h => line.Groups[2].Value == $"VAR {h}")) holders.Add(line.Groups[1].Value);

            Assert.Equal(holders, question.Groups[3].Value.Split(' '));
            Assert.Equal(holders.Count, int.Parse(question.Groups[1].Value));
        }
    }

    [Fact]
    public void The_common_words_come_up_most_often()
    {
        for (var index = 0; index < 20; index++)
        {
            var text = Samplers.Decode(Make(RulerTask.Common, index).Ids);
            var list = text[text.IndexOf("\n1. ", StringComparison.Ordinal)..text.IndexOf("\nWhich", StringComparison.Ordinal)];
            var counts = Regex.Matches(list, "\\d+\\. (.+?)(?= \\d+\\. |$)").GroupBy(m => m.Groups[1].Value).ToDictionary(g => g.Key, g => g.Count());
            var answers = text[(text.LastIndexOf(": ", StringComparison.Ordinal) + 2)..].Split(", ");

            Assert.True(answers.Min(word => counts[word]) > counts.Where(pair => !answers.Contains(pair.Key)).Max(pair => pair.Value));
        }
    }

    [Fact]
    public void The_frequent_words_come_up_most_often_in_their_order()
    {
        for (var index = 0; index < 20; index++)
        {
            var text = Samplers.Decode(Make(RulerTask.Frequent, index).Ids);
            var coded = text[(text.IndexOf("comes up. ", StringComparison.Ordinal) + 10)..text.IndexOf(" The text ends here.\nWhich", StringComparison.Ordinal)].Split(' ');
            var ranked = coded.GroupBy(word => word).OrderByDescending(g => g.Count()).ToList();

            Assert.Equal("...", ranked[0].Key);
            Assert.Equal(ranked.Skip(1).Take(3).Select(g => g.Key), text[(text.LastIndexOf(": ", StringComparison.Ordinal) + 2)..].Split(' '));
            Assert.True(ranked[3].Count() > ranked[4].Count());
        }
    }

    [Fact]
    public void No_template_is_that_of_the_examination_s_test_half()
    {
        var shapes = File.ReadLines(Shared.Require("data/recall/test.jsonl")).Select(line => System.Text.Json.JsonDocument.Parse(line).RootElement).Select(item =>
        {
            var (question, answer) = (item.GetProperty("question").GetString()!, item.GetProperty("answer").GetString()!);
            var key = Regex.Match(question, "[a-z]+(?:-[a-z]+)+").Value;
            var statement = item.GetProperty("context").GetString()!.Split(". ").FirstOrDefault(s => key.Length > 0 && s.Contains(key) && s.Contains(answer));
            return statement?.Replace(key, "{k}").Replace(answer, "{v}");
        }).OfType<string>().ToHashSet();
        Assert.NotEmpty(shapes);

        for (var index = 0; index < 100; index++)
        {
            var sequence = Samplers.Sampler(Samplers.Small with { Kinds = new KindWeights(0, 0, 1, 1) }).At(index);
            var text = Samplers.Decode(sequence.Ids);
            var answer = RecallTests.Runs(sequence)[0].Trim();
            foreach (var part in Regex.Split(text, "\\. |\n").Where(part => part.Contains(answer)))
                Assert.DoesNotContain(Regex.Replace(part.Replace(answer, "{v}"), "[a-z]+(?:-[a-z]+)+", "{k}").TrimEnd('.'), shapes);
        }
    }

    private static string[] Parts(RulerTask task, string answer) => answer[1..].Split(task is RulerTask.Tracking or RulerTask.Frequent ? " " : ", ");
}
