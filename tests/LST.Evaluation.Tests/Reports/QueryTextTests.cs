using System.Text.Json.Nodes;
using LST.Evaluation.Records.Query;
using LST.Evaluation.Reports;

namespace LST.Evaluation.Tests.Reports;

public sealed class QueryTextTests
{
    private static readonly QueryResult Result = new(
        [new QueryColumn("a", QueryType.Text), new QueryColumn("a", QueryType.Real), new QueryColumn("x,y", QueryType.Whole), new QueryColumn("n", QueryType.Nested), new QueryColumn("t", QueryType.Time)],
        [
            ["say \"hi\"\nthere|", 0.1 + 0.2, 12L, new object?[] { 1L, null }, new DateTime(2026, 5, 1, 12, 0, 0)],
            [null, double.NaN, null, new Dictionary<string, object?> { ["k"] = 1.5 }, null],
        ]);

    [Fact]
    public void Csv_quotes_what_must_be_and_numbers_round_trip() =>
        Assert.Equal("a,a,\"x,y\",n,t\r\n\"say \"\"hi\"\"\nthere|\",0.30000000000000004,12,\"[1,null]\",2026-05-01 12:00:00\r\n,NaN,,\"{\"\"k\"\":1.5}\",\r\n", QueryText.Csv(Result));

    [Fact]
    public void Markdown_keeps_a_row_on_a_line() =>
        Assert.Equal("| a | a | x,y | n | t |\n| --- | ---: | ---: | --- | --- |\n| say \"hi\"␊there\\| | 0.30000000000000004 | 12 | [1,null] | 2026-05-01 12:00:00 |\n|  | NaN |  | {\"k\":1.5} |  |\n", QueryText.Markdown(Result));

    [Fact]
    public void Json_has_an_object_a_row_and_tells_columns_of_one_name_apart()
    {
        var rows = JsonNode.Parse(QueryText.Json(Result))!.AsArray();

        Assert.Equal(["a", "a_2", "x,y", "n", "t"], rows[0]!.AsObject().Select(field => field.Key));
        Assert.Equal("""["say \u0022hi\u0022\nthere|",0.30000000000000004,12,[1,null],"2026-05-01 12:00:00"]""", new JsonArray([.. rows[0]!.AsObject().Select(field => field.Value?.DeepClone())]).ToJsonString());
        Assert.Equal("""[null,"NaN",null,{"k":1.5},null]""", new JsonArray([.. rows[1]!.AsObject().Select(field => field.Value?.DeepClone())]).ToJsonString());
    }
}
