using System.Text.Json.Nodes;
using LST.Notebooks.Figures;

namespace LST.Notebooks.Tests.Figures;

public sealed class PlotlySubsetTests
{
    [Theory]
    [InlineData("""{"data":[{"type":"heatmapgl"}],"layout":{"width":1,"height":1}}""", "data[0].type")]
    [InlineData("""{"data":[{"type":"scatter","transforms":[]}],"layout":{"width":1,"height":1}}""", "data[0].transforms")]
    [InlineData("""{"data":[{"type":"scatter","y":{"dtype":"f8","bdata":"AA=="}}],"layout":{"width":1,"height":1}}""", "data[0].y.bdata")]
    [InlineData("""{"data":[{"type":"scatter","y":[1,"NaN"]}],"layout":{"width":1,"height":1}}""", "data[0].y[1]")]
    [InlineData("""{"data":[],"layout":{"title":"old","width":1,"height":1}}""", "layout.title")]
    [InlineData("""{"data":[],"layout":{"xaxis":{"title":"old"},"width":1,"height":1}}""", "layout.xaxis.title")]
    [InlineData("""{"data":[{"type":"heatmap","colorbar":{"title":{"text":"x"},"titlefont":{}}}],"layout":{"width":1,"height":1}}""", "data[0].colorbar.titlefont")]
    [InlineData("""{"data":[],"frames":[],"layout":{"width":1,"height":1}}""", "frames")]
    [InlineData("""{"data":[],"layout":{"sliders":[{"steps":[{"method":"animate"}]}],"width":1,"height":1}}""", "layout.sliders[0].steps[0].method")]
    [InlineData("""{"data":[],"layout":{"template":{},"width":1,"height":1}}""", "layout.template")]
    [InlineData("""{"data":[],"layout":{"height":1}}""", "layout.width")]
    [InlineData("""{"data":[]}""", "layout")]
    public void What_some_version_does_not_draw_is_found_with_its_path(string json, string path)
    {
        var found = PlotlySubset.Check(JsonNode.Parse(json)!.AsObject());

        Assert.Contains(found, sentence => sentence.StartsWith(path + ":", StringComparison.Ordinal));
    }

    [Fact]
    public void Tokens_that_spell_NaN_are_texts_and_a_megabyte_is_too_much()
    {
        var figure = JsonNode.Parse("""{"data":[{"type":"scatter","y":[1],"text":["NaN","a"]}],"layout":{"width":1,"height":1}}""")!.AsObject();
        Assert.Empty(PlotlySubset.Check(figure));

        figure["data"]![0]!["text"]![1] = new string('a', PlotlySubset.MostBytes);
        Assert.Contains("bytes", Assert.Single(PlotlySubset.Check(figure)), StringComparison.Ordinal);
    }
}
