using System.Text.Json.Nodes;
using LST.Core.Text;

namespace LST.Core.Tests.Text;

public class TokenizerGoldenTests
{
    [Theory]
    [InlineData("llama2", "llama2")]
    [InlineData("mistral", "mistral")]
    [InlineData("llama3", "llama3")]
    [InlineData("lst-ref", "lst-ref")]
    [InlineData("smollm2", "smollm2")]
    [InlineData("llama2.gguf", "llama2")]
    [InlineData("mistral.gguf", "mistral")]
    [InlineData("llama3.json", "llama3")]
    [InlineData("llama3.gguf", "llama3")]
    [InlineData("lst-ref.gguf", "lst-ref")]
    public void Gives_the_reference_ids_and_texts_of_every_row(string kind, string rows)
    {
        var tokenizer = Known.Open(kind);

        GoldenRows.Check(tokenizer, rows);
        GoldenRows.CheckDecoding(tokenizer, rows);
    }

    [Theory]
    [InlineData("llama2", "llama2")]
    [InlineData("llama2.json", "llama2")]
    [InlineData("llama2.gguf", "llama2")]
    [InlineData("llama3", "llama3")]
    [InlineData("llama3.json", "llama3")]
    public void Gives_the_ids_of_llama_cpp_s_vectors(string kind, string folder) => GoldenRows.CheckVectors(Known.Open(kind), folder);

    [Fact]
    public void Reads_llama2_s_tokenizer_json_as_the_tokenizers_library_does()
    {
        var tokenizer = Known.Open("llama2.json");

        CheckLlama2(tokenizer, "hf_ids", "hf_file_ids_special");
        GoldenRows.CheckDecoding(tokenizer, "llama2", "hf_decoded", "hf_decoded_skip_special");
    }

    [Fact]
    public void Finds_special_tokens_in_the_raw_text_when_they_are_not_normalized()
    {
        var json = Known.Llama2Json();
        foreach (var token in json["added_tokens"]!.AsArray()) token!["normalized"] = false;

        CheckLlama2(Known.FromJson(json), "hf_ids", "hf_ids_special");
    }

    [Fact]
    public void Reads_the_metaspace_form_as_the_tokenizers_library_does()
    {
        var json = Known.Llama2Json();
        foreach (var token in json["added_tokens"]!.AsArray()) token!["normalized"] = false;
        json["normalizer"] = null;
        json["pre_tokenizer"] = JsonNode.Parse("""{"type":"Metaspace","replacement":"▁","prepend_scheme":"first","split":false}""");

        CheckLlama2(Known.FromJson(json), "hf_metaspace_ids", "hf_metaspace_ids_special");
    }

    // A field that a row lacks has the reference's value.
    private static void CheckLlama2(ITokenizer tokenizer, string ids, string special)
    {
        var failures = new List<string>();
        foreach (var row in GoldenRows.Read("llama2"))
        {
            var (id, text) = (row.GetProperty("id").GetString()!, row.GetProperty("text").GetString()!);
            if (!tokenizer.Encode(text).SequenceEqual(row.Ids(row.TryGetProperty(ids, out _) ? ids : "ids"))) failures.Add(id);
            if (!tokenizer.Encode(text, parseSpecial: true).SequenceEqual(row.Ids(row.TryGetProperty(special, out _) ? special : "ids_special"))) failures.Add(id + " special");
        }
        Assert.Empty(failures);
        Assert.Equal(1, tokenizer.BosId);
    }
}
