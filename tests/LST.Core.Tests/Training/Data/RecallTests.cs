using System.Text.Json;
using System.Text.RegularExpressions;
using CsCheck;
using LST.Core.Text;
using LST.Core.Training.Data;
using LST.Core.Training.Data.Kinds;

namespace LST.Core.Tests.Training.Data;

public class RecallTests
{
    // Written out again, so that a change of a template is noticed.
    private static readonly Dictionary<char, (string Statement, string Question)> Forms = new()
    {
        ['A'] = ("The access code of the {k} archive is {v}.", "\nQuestion: What is the access code of the {k} archive?\nAnswer: The access code of the {k} archive is "),
        ['B'] = ("Remember: {k} = {v}.", "\nRecall the value that was given. {k} = "),
        ['C'] = ("Shipment {k} weighs {v} kilograms.", "\nHow much does shipment {k} weigh? Shipment {k} weighs "),
        ['D'] = ("The favourite colour of the {k} team is {v}.", "\nWhat is the favourite colour of the {k} team? It is "),
    };

    [Fact]
    public void Questions_answers_and_statements_are_the_template_s_to_the_character() => Gen.Long[0, 1_000_000].Sample(index =>
    {
        var sequence = Samplers.Sampler(Samplers.Only(SequenceKinds.Recall)).At(index);
        var letter = sequence.Detail[0];
        var text = Samplers.Decode(sequence.Ids);

        var asked = Asked(text, letter, out var context);

        Assert.InRange(asked.Count, 1, 3);
        Assert.Equal($"{asked.Count} asked", sequence.Detail.Split(", ")[2]);
        Assert.All(asked, pair => Assert.Contains(Fill(Forms[letter].Statement, pair.Key, pair.Value), context));
        Assert.Equal(asked.Count, asked.Select(pair => pair.Key).Distinct().Count());
        Assert.All(asked, pair => Assert.True(letter == 'D' ? WordLists.Nouns.Contains(pair.Value) : pair.Value is { Length: >= 5 and <= 7 } && pair.Value.All(char.IsAsciiDigit)));
        Assert.All(asked, pair => Assert.Contains(WordLists.Adjectives, adjective => pair.Key.StartsWith(adjective + "-") && WordLists.Nouns.Contains(pair.Key[(adjective.Length + 1)..])));
        Assert.Equal(int.Parse(sequence.Detail.Split(", ")[1].Split(' ')[0]), Regex.Count(context, Pattern(Forms[letter].Statement)));
    }, iter: 60, threads: 1);

    [Fact]
    public void The_prefix_is_the_context_and_nothing_of_a_question() => Gen.Long[0, 1_000_000].Sample(index =>
    {
        var sequence = Samplers.Sampler(Samplers.Only(SequenceKinds.Recall)).At(index);
        Asked(Samplers.Decode(sequence.Ids), sequence.Detail[0], out var context);

        // A tokenizer may merge the context's full stop with the question's line feed; the number of ids is that of the context alone.
        Assert.Equal(context, Samplers.Decode(sequence.PrefixIds).TrimEnd('\n'));
        Assert.Equal(1 + Samplers.Tokenizer.Encode(context).Length, sequence.Prefix);
        Assert.Equal(Samplers.Tokenizer.Encode(Samplers.Decode(sequence.Ids)).Select(id => (long)id), sequence.Ids[1..]);
    }, iter: 60, threads: 1);

    [Fact]
    public void Targets_of_weight_one_are_the_answers_and_the_rest_weighs_little() => Gen.Long[0, 1_000_000].Sample(index =>
    {
        var sequence = Samplers.Sampler(Samplers.Only(SequenceKinds.Recall)).At(index);
        var asked = Asked(Samplers.Decode(sequence.Ids), sequence.Detail[0], out _);

        Assert.Equal(asked.Select(pair => pair.Value), Runs(sequence).Select(run => run.Trim(' ')));
        Assert.All(sequence.Weights!, weight => Assert.True(weight is 1f or 0.1f));
    }, iter: 60, threads: 1);

    [Fact]
    public void The_prefix_is_filled_to_its_last_token_nearly_always()
    {
        var sampler = Samplers.Sampler(Samplers.Only(SequenceKinds.Recall) with { PrefixMin = 333, PrefixMax = 333 });

        Assert.InRange(Enumerable.Range(0, 100).Count(i => sampler.At(i).Prefix == 333), 95, 100);
    }

    [Fact]
    public void Templates_and_numbers_of_facts_follow_the_settings()
    {
        var sampler = Samplers.Sampler(Samplers.Only(SequenceKinds.Recall) with { RecallTemplates = "BD", StatementsMin = 2, StatementsMax = 4, QuestionWeight = 0 });

        var details = Enumerable.Range(0, 60).Select(i => sampler.At(i).Detail.Split(", ")).ToArray();

        Assert.Equal(["B", "D"], details.Select(d => d[0]).Distinct().Order());
        Assert.Equal(["2 facts", "3 facts", "4 facts"], details.Select(d => d[1]).Distinct().Order());
        Assert.All(sampler.At(0).Weights!, weight => Assert.True(weight is 0 or 1));
    }

    [Fact]
    public void Statements_stand_anywhere_among_the_sentences()
    {
        var sampler = Samplers.Sampler(Samplers.Only(SequenceKinds.Recall) with { RecallTemplates = "B", StatementsMax = 1 });

        var places = Enumerable.Range(0, 200).Select(i => Samplers.Decode(sampler.At(i).PrefixIds)).Select(text => text.IndexOf("Remember: ") / (double)text.Length).ToArray();

        // Quarters of a uniform place: 50 each, standard deviation 6.
        for (var quarter = 0; quarter < 4; quarter++) Assert.InRange(places.Count(p => (int)(4 * p) == quarter), 20, 80);
    }

    [Fact]
    public void Templates_are_those_of_the_examination_s_development_half()
    {
        foreach (var line in File.ReadLines(Shared.Require("data/recall/dev.jsonl")))
        {
            using var item = JsonDocument.Parse(line);
            string Field(string name) => item.RootElement.GetProperty(name).GetString()!;
            var template = RecallTemplate.All.Single(t => t.Letter == Field("template")[0]);
            var key = Regex.Match(Field("question"), Pattern(template.QuestionForm)).Groups["k"].Value;

            Assert.Equal(Field("question"), template.Question(key));
            Assert.Contains(template.Statement(key, Field("answer")), Field("context"));
        }
    }

    [Theory]
    [InlineData("llama2", 1)]
    [InlineData("mistral", 1)]
    [InlineData("llama3", 128_000)]
    [InlineData("smollm2", 1)]
    public void Answers_are_the_targets_that_count_whatever_the_tokenizer_merges(string kind, int bos)
    {
        var tokenizer = Text.Known.Open(kind);
        var stream = TokenStream.Build(
            new TrainingText("hills", TextRoles.Training, null, Samplers.Documents(1, 12)), tokenizer, new TokenStreamSettings(), cancel: TestContext.Current.CancellationToken);
        var sampler = new SequenceSampler(Samplers.Small with { Kinds = new KindWeights(0, 0, 1, 1) }, [stream], tokenizer, bos, 3);

        for (var index = 0; index < 40; index++)
        {
            var sequence = sampler.At(index);
            var text = tokenizer.Decode(Array.ConvertAll(sequence.Ids[1..], id => (int)id));

            var answers = Runs(sequence, tokenizer);

            Assert.Equal(bos, sequence.Ids[0]);
            Assert.EndsWith(answers[^1].Trim(), text);
            Assert.All(answers, answer => Assert.Matches(@"^[\w\-, ]+$", answer.Trim()));
            Assert.InRange(sequence.Prefix, 390, 400);
        }
    }

    [Fact]
    public void Refuses_a_prefix_without_room()
    {
        var settings = Samplers.Only(SequenceKinds.Recall) with { PrefixMin = 5, PrefixMax = 5 };

        var message = Assert.Throws<UsageException>(() => Samplers.Sampler(settings)).Message;

        Assert.Contains("'recall'", message);
        Assert.Contains("5 and 160 tokens", message);
    }

    /// <summary>Takes questions and answers off the end of a text; what is left is the context.</summary>
    private static List<(string Key, string Value)> Asked(string text, char letter, out string context)
    {
        var pattern = Pattern(Forms[letter].Question).Replace("\\n", "\n") + "(?<v>[^\n]+?)$";
        var asked = new List<(string, string)>();
        for (var match = Regex.Match(text, pattern); match.Success; match = Regex.Match(text, pattern))
        {
            asked.Insert(0, (match.Groups["k"].Value, match.Groups["v"].Value));
            text = text[..match.Index];
        }
        context = text;
        return asked;
    }

    private static string Fill(string form, string key, string value) => form.Replace("{k}", key).Replace("{v}", value);

    private static string Pattern(string form)
    {
        var pattern = Regex.Escape(form).Replace("\\{v}", "(?<v>[^\n]+?)");
        var first = pattern.IndexOf("\\{k}", StringComparison.Ordinal);
        return pattern[..first] + "(?<k>[^\n]+?)" + pattern[(first + 4)..].Replace("\\{k}", "\\k<k>");
    }

    /// <summary>The texts of the runs of targets that weigh 1.</summary>
    internal static List<string> Runs(TrainingSequence sequence, ITokenizer? tokenizer = null)
    {
        tokenizer ??= Samplers.Tokenizer;
        var runs = new List<string>();
        for (var j = 0; j < sequence.Suffix; j++)
        {
            if (sequence.Weight(j) != 1) continue;
            var end = j;
            while (end < sequence.Suffix && sequence.Weight(end) == 1) end++;
            runs.Add(tokenizer.Decode(Array.ConvertAll(sequence.Targets[j..end].ToArray(), id => (int)id)));
            j = end;
        }
        return runs;
    }
}
