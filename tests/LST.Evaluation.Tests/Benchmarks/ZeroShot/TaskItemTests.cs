using LST.Core;
using LST.Evaluation.Benchmarks.ZeroShot;

namespace LST.Evaluation.Tests.Benchmarks.ZeroShot;

/// <summary>From a line of a data set to requests.</summary>
public class TaskItemTests
{
    private static ZeroShotDocument Read(string task, string line, string? label = null) => ZeroShotCatalog.Item(ZeroShotTask.Of(task), line, docId: 7, "x.jsonl line 8", label);

    private static void Asks(ZeroShotDocument item, int? gold, params (string Context, string Continuation)[] requests)
    {
        Assert.Equal(requests, item.Requests.Select(request => (request.Context, request.Continuation)));
        Assert.Equal(gold, item.Gold);
    }

    [Fact]
    public void Winogrande_puts_each_option_into_the_first_gap_and_scores_what_follows_it()
    {
        Asks(Read("winogrande", """{"sentence":"Sarah was a much better surgeon than Maria so _ always got the easier cases.","option1":"Sarah","option2":"Maria","answer":"2"}"""), 1,
            ("Sarah was a much better surgeon than Maria so Sarah", " always got the easier cases."), ("Sarah was a much better surgeon than Maria so Maria", " always got the easier cases."));
        Asks(Read("winogrande", """{"qID":"q","sentence":"The _'s lid and _ .\n","option1":"pot","option2":"pan","answer":1}"""), 0, ("The pot", " 's lid and _ ."), ("The pan", " 's lid and _ ."));
    }

    [Fact]
    public void Arc_takes_the_place_of_the_answer_in_the_items_own_labels()
    {
        var item = Read("arc_easy", """{"id":"Mercury_1","question":"Which of these is a renewable resource?","choices":{"text":["coal","oil","solar energy","natural gas"],"label":["A","B","C","D"]},"answerKey":"C"}""");

        const string context = "Question: Which of these is a renewable resource?\nAnswer:";
        Asks(item, 2, (context, " coal"), (context, " oil"), (context, " solar energy"), (context, " natural gas"));
        Assert.Equal(("Mercury_1", 7), (item.ItemId, item.DocId));
        Assert.Equal(4, Read("arc_challenge", """{"id":"x","question":"Q ","choices":{"text":["a","b","c","d","e"],"label":["1","2","3","4","5"]},"answerKey":"5"}""").Gold);
    }

    [Theory]
    [InlineData("Ice fishing", "They drill.", "McDonald THEN sits", "Ice fishing: They drill. Mcdonald then sits")]
    [InlineData("A  b", "c [x] d.", "", "A b: c d.")]
    [InlineData("Roof [title] work", "[a\nb] on [c][d].", "éTÉ", "Roof. work: [a\nb] on . Été")]
    public void Hellaswag_cleans_the_query_and_lowers_all_but_the_first_letter_of_the_last_part(string activity, string first, string last, string query) =>
        Assert.Equal(query, HellaSwagText.Query(activity, first, last));

    [Fact]
    public void Copa_has_two_spaces_and_a_small_letter_before_a_choice() =>
        Asks(Read("copa", """{"premise":" My body cast a shadow over the grass. ","choice1":"The sun was rising.","choice2":"İt was cut.","question":"cause","idx":0,"label":0}"""), 0,
            ("My body cast a shadow over the grass because", "  the sun was rising."), ("My body cast a shadow over the grass because", "  i\u0307t was cut."));

    [Fact]
    public void Boolq_and_piqa_and_openbookqa_and_lambada_follow_their_templates()
    {
        Asks(Read("boolq", """{"passage":"P.","question":"is it","idx":3,"label":true}"""), 1, ("P.\nQuestion: is it?\nAnswer:", " no"), ("P.\nQuestion: is it?\nAnswer:", " yes"));
        Asks(Read("piqa", """{"goal":"g ","sol1":"a ","sol2":"b  c","label":"1"}"""), 1, ("Question: g \nAnswer:", " a "), ("Question: g \nAnswer:", " b  c"));
        Asks(Read("openbookqa", """{"id":"7-1","question_stem":"The sun","choices":{"text":["x","y"],"label":["A","B"]},"answerKey":" B"}"""), 1, ("The sun", " x"), ("The sun", " y"));
        Asks(Read("lambada_openai", """{"text":"He said  hello \"Bob\""}"""), null, ("He said  hello", " \"Bob\""));
        Asks(Read("lambada_openai", """{"text":"Alone"}"""), null, ("", " Alone"));
    }

    public static TheoryData<string, string, string> Twins => new()
    {
        { "arc_easy", """{"id":5,"query":"Question: How?","choices":["a","b","c"],"gold":1}""", """{"id":"5","question":"How?","choices":{"text":["a","b","c"],"label":["A","B","C"]},"answerKey":"B"}""" },
        { "arc_easy", """{"id":"5","question":{"stem":"How?","choices":[{"text":"a","label":"1"},{"text":"b","label":"2"}]},"answerKey":"2"}""", """{"id":"5","question":"How?","choices":{"text":["a","b"],"label":["A","B"]},"answerKey":"B"}""" },
        { "openbookqa", """{"id":"5","question":{"stem":"So","choices":[{"text":"a","label":"A"},{"text":"b","label":"B"}]},"answerKey":"B"}""", """{"id":"5","question_stem":"So","choices":{"text":["a","b"],"label":["A","B"]},"answerKey":"B"}""" },
        { "boolq", """{"id":2,"query":"Passage: P.\nQuestion: old?\nQuestion: is it?","choices":["no","yes"],"gold":0}""", """{"idx":2,"passage":"P.\nQuestion: old?","question":"is it","label":false}""" },
        { "boolq", """{"idx":2,"passage":"P.","question":"is it","answer":true,"title":"T"}""", """{"idx":2,"passage":"P.","question":"is it","label":1}""" },
        { "copa", """{"id":1,"query":"The man ran, because","choices":["it rained.","he won."],"gold":0}""", """{"idx":1,"premise":"The man ran.","question":"cause","choice1":"It rained.","choice2":"He won.","label":0}""" },
        { "copa", """{"id":1,"query":"The man ran, therefore","choices":["it rained.","he won."],"gold":1}""", """{"idx":1,"premise":"The man ran.","question":"effect","choice1":"It rained.","choice2":"He won.","label":1}""" },
        { "lambada_openai", """{"id":7,"context":"a b","continuation":"c"}""", """{"text":"a b c"}""" },
        { "hellaswag", """{"id":4,"ctx":"High jump: He runs. the boy","endings":["a","b  c"],"label":1}""", """{"ind":4,"activity_label":"High jump","ctx_a":"He runs.","ctx_b":"the boy","endings":["a","b  c"],"label":"1"}""" },
        { "hellaswag", """{"id":4,"ctx":"High jump: He says \"Go!\")  the boy is fAST","endings":["a"],"label":0}""", """{"ind":4,"activity_label":"High jump","ctx_a":"He says \"Go!\")","ctx_b":"the boy is fAST","endings":["a"],"label":"0"}""" },
        { "hellaswag", """{"id":4,"ctx":"High jump: He runs. The boy","endings":["a"],"label":0}""", """{"ind":4,"activity_label":"High jump","ctx_a":"He runs. The boy","ctx_b":"","endings":["a"],"label":"0"}""" },
        { "hellaswag", """{"id":4,"ctx":"High jump: He runs: wild.","endings":["a"],"label":0}""", """{"ind":4,"activity_label":"High jump","ctx_a":"He runs: wild.","ctx_b":"","endings":["a"],"label":"0"}""" },
    };

    [Theory, MemberData(nameof(Twins))]
    public void Two_forms_of_one_item_give_the_same_requests(string task, string one, string other)
    {
        var (a, b) = (Read(task, one), Read(task, other));

        Assert.Equal(b.Requests, a.Requests);
        Assert.Equal((b.Gold, b.ItemId), (a.Gold, a.ItemId));
        Assert.Equal(b.Choices, a.Choices);
        Assert.True(a.Repeats(b));
    }

    [Theory]
    [InlineData("piqa", """{"goal":"g","sol1":"a","sol2":"b"}""", "0", 0)]
    [InlineData("piqa", """{"goal":"g","sol1":"a","sol2":"b","label":null}""", " 1\r", 1)]
    [InlineData("winogrande", """{"sentence":"a _ b","option1":"x","option2":"y"}""", "2", 1)]
    public void A_label_may_come_from_the_file_of_labels(string task, string line, string label, int gold) => Assert.Equal(gold, Read(task, line, label).Gold);

    [Theory]
    [InlineData("piqa", """{"goal":"g","sol1":"a"}""", "it needs goal, sol1, sol2 and label, but it has goal, sol1")]
    [InlineData("piqa", """{"goal":"g","sol1":"a","sol2":"b"}""", "'label' is missing")]
    [InlineData("piqa", """{"goal":"g","sol1":"a","sol2":"b","label":-1}""", "'label' has to be one of 0 … 1, but it is '-1'")]
    [InlineData("piqa", """{"goal":["g"],"sol1":"a","sol2":"b","label":0}""", "'goal' has to be text, but it is array")]
    [InlineData("piqa", """{"goal":"\ud800","sol1":"a","sol2":"b","label":0}""", "half of a surrogate pair")]
    [InlineData("piqa", "[1]", "has to be one JSON object")]
    [InlineData("piqa", "{", "has to be one JSON object")]
    [InlineData("winogrande", """{"sentence":"no gap","option1":"x","option2":"y","answer":"1"}""", "has no gap")]
    [InlineData("winogrande", """{"sentence":"a _","option1":"x","option2":"y","answer":"0"}""", "one of 1 … 2, but it is '0'")]
    [InlineData("hellaswag", """{"ctx":"no colon","endings":["a"],"label":0}""", "it has no ': '")]
    [InlineData("hellaswag", """{"ctx":"a: b","endings":[],"label":0}""", "a list that is not empty")]
    [InlineData("arc_easy", """{"question":"Q","choices":{"text":["a"],"label":["A","B"]},"answerKey":"A"}""", "1 texts and 2 labels")]
    [InlineData("arc_easy", """{"question":"Q","choices":{"text":["a"],"label":["A"]},"answerKey":"a"}""", "one of the labels A, but it is 'a'")]
    [InlineData("arc_easy", """{"query":"How?","choices":["a"],"gold":0}""", "has to begin with 'Question: '")]
    [InlineData("boolq", """{"query":"P. Question?","gold":0}""", "'Passage: '")]
    [InlineData("copa", """{"premise":"P.","question":"why","choice1":"a","choice2":"b","label":0}""", "cause or effect, but it is 'why'")]
    [InlineData("copa", """{"query":"P, so","choices":["a","b"],"gold":0}""", "has to end with")]
    [InlineData("lambada_openai", """{"word":"x"}""", "text, or context and continuation, but it has word")]
    public void A_line_that_is_no_item_is_refused_with_file_and_line(string task, string line, string phrase)
    {
        var error = Assert.Throws<DataException>(() => Read(task, line));

        Assert.StartsWith("x.jsonl line 8", error.Message);
        Assert.Contains(phrase, error.Message);
    }

    [Fact]
    public void An_unknown_task_is_refused_and_the_known_ones_are_listed()
    {
        Assert.Contains("known tasks: piqa, winogrande, hellaswag, arc_easy, arc_challenge, openbookqa, boolq, copa, lambada_openai", Assert.Throws<UsageException>(() => ZeroShotTask.Of("mmlu")).Message);
        Assert.Equal("arc_easy", ZeroShotTask.Of("ARC-Easy").Name);
    }
}
