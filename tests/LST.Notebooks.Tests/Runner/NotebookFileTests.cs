using System.Text;
using System.Text.Json.Nodes;
using LST.Notebooks.Runner;

namespace LST.Notebooks.Tests.Runner;

public class NotebookFileTests
{
    [Fact]
    public void What_is_read_is_written_back_to_the_byte()
    {
        var json = Valid();
        json["metadata"]!["somebody"] = new JsonObject { ["else"] = new JsonArray(1, 2.50m, "ü <b>") };
        json["cells"]![1]!["metadata"]!["jupyter"] = new JsonObject { ["source_hidden"] = true };
        json["cells"]![0]!["attachments"] = new JsonObject { ["a.png"] = new JsonObject { ["image/png"] = "AAAA" } };
        var text = NotebookJson.Format(json);

        var notebook = NotebookFile.Parse(Encoding.UTF8.GetBytes(text), "round");

        Assert.Equal(text, notebook.Format());
        Assert.Equal(["title", "setup"], notebook.Cells.Select(cell => cell.Id));
        Assert.Equal("one\ntwo", notebook.Cells[1].Source);
        Assert.Contains("\n    \"one\\n\",\n    \"two\"\n", notebook.Format());
    }

    [Theory]
    [InlineData("not json", "must be JSON")]
    [InlineData("[]", "must be JSON")]
    [InlineData("{\"nbformat\":4,\"nbformat\":4}", "must be JSON")]
    [InlineData("{\"nbformat\":4,\"nbformat_minor\":4,\"metadata\":{},\"cells\":[]}", "must be nbformat 4.5, found 4.4")]
    [InlineData("{\"cells\":[]}", "must be nbformat 4.5, found none.none")]
    [InlineData("{\"nbformat\":4,\"nbformat_minor\":5,\"cells\":[]}", "must have an object 'metadata'")]
    [InlineData("{\"nbformat\":4,\"nbformat_minor\":5,\"metadata\":{},\"cells\":{}}", "must have a list 'cells'")]
    [InlineData("{\"nbformat\":4,\"nbformat_minor\":5,\"metadata\":{},\"cells\":[1]}", "cell 1 must be an object")]
    public void A_file_that_is_no_notebook_is_refused_in_one_sentence(string text, string sentence) =>
        Refused(text, "notebook 'broken'", sentence);

    public static TheoryData<string, string> Changes => new()
    {
        { "id:", "cell 2 must have an id of 1 to 64 letters" },
        { "id:\"a b\"", "cell 2 must have an id of 1 to 64 letters" },
        { "id:\"title\"", "the cell id 'title' stands at 2 cells" },
        { "cell_type:\"raw\"", "cell 'setup' must be a code or a markdown cell, found \"raw\"" },
        { "source:[1]", "cell 'setup': its source must be a list of lines" },
        { "metadata:", "cell 'setup' must have an object 'metadata'" },
        { "metadata:{\"tags\":\"x\"}", "cell 'setup': its tags must be a list of strings" },
        { "outputs:", "cell 'setup': a code cell must have a list 'outputs'" },
    };

    [Theory]
    [MemberData(nameof(Changes))]
    public void A_cell_that_breaks_the_format_is_refused_by_its_name(string change, string sentence)
    {
        var json = Valid();
        var (member, value) = (change.Split(':', 2)[0], change.Split(':', 2)[1]);
        var cell = json["cells"]![1]!.AsObject();
        if (value.Length == 0) cell.Remove(member);
        else cell[member] = JsonNode.Parse(value);

        Refused(json.ToJsonString(), "notebook 'broken'", sentence);
    }

    [Fact]
    public void A_file_that_is_not_there_is_one_sentence() =>
        Assert.Contains("give the path of an .ipynb file", Assert.Throws<NotebookException>(() => NotebookFile.Read("nowhere/none.ipynb")).Message);

    [Fact]
    public void The_digest_sees_texts_ids_and_tags_and_nothing_that_a_front_end_writes()
    {
        var plain = Parse(Valid());
        var saved = Valid();
        saved["metadata"]!["language_info"] = new JsonObject { ["version"] = "14.0" };
        saved["cells"]![1]!["execution_count"] = 7;
        saved["cells"]![1]!["outputs"] = new JsonArray(new JsonObject { ["output_type"] = "stream", ["name"] = "stdout", ["text"] = "x" });
        saved["cells"]![1]!["source"] = "one\ntwo";
        var changed = Valid();
        changed["cells"]![1]!["source"] = "one\nthree";
        var tagged = Valid();
        tagged["cells"]![1]!["metadata"]!["tags"] = new JsonArray("parameters");

        Assert.Equal(plain.ContentSha256, Parse(saved).ContentSha256);
        Assert.NotEqual(plain.ContentSha256, Parse(changed).ContentSha256);
        Assert.NotEqual(plain.ContentSha256, Parse(tagged).ContentSha256);
    }

    [Fact]
    public void A_language_marker_is_taken_from_the_first_line_and_line_numbers_hold()
    {
        var cell = Invented.Of("#!fsharp\nlet x = 1").Cells[1];
        var comment = Invented.Of("// #!fsharp\n1").Cells[1];

        Assert.Equal(("fsharp", "\nlet x = 1"), (cell.Language, cell.Code));
        Assert.Equal(("csharp", "// #!fsharp\n1"), (comment.Language, comment.Code));
    }

    private static void Refused(string text, params string[] parts)
    {
        var problem = Assert.Throws<NotebookException>(() => NotebookFile.Parse(Encoding.UTF8.GetBytes(text), "broken"));
        Assert.All(parts, part => Assert.Contains(part, problem.Message));
        Assert.DoesNotContain('\n', problem.Message);
    }

    private static NotebookFile Parse(JsonNode json) => NotebookFile.Parse(Encoding.UTF8.GetBytes(json.ToJsonString()), "parsed");

    private static JsonObject Valid() => NotebookFile.Create("valid", [("markdown", "title", "# Title"), ("code", "setup", "one\ntwo")]).Json;
}
