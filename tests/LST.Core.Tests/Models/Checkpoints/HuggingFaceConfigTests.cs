using CsCheck;
using LST.Core.Models;
using LST.Core.Models.Checkpoints;

namespace LST.Core.Tests.Models.Checkpoints;

public class HuggingFaceConfigTests
{
    private static string With(string fields) => TinyFolder.Config.TrimEnd().TrimEnd('}') + ", " + fields + "}";

    private static string Replace(string old, string text)
    {
        Assert.Contains(old, TinyFolder.Config);
        return TinyFolder.Config.Replace(old, text);
    }

    [Fact]
    public void Absent_fields_take_the_documented_defaults()
    {
        var config = HuggingFaceConfig.FromJson(TinyFolder.Config.Replace("\"num_key_value_heads\": 1,", "\"num_key_value_heads\": null,"));

        Assert.Equal(10000, config.RopeTheta);
        Assert.Null(config.RopeScaling);
        Assert.Equal(4, config.HeadDim);
        Assert.Equal(2, config.KeyValueHeads);
        Assert.False(config.TiedHead);
        Assert.Null(config.SlidingWindow);
        Assert.Equal(1, config.BosId);
        Assert.Equal([2], config.EosIds);
    }

    [Theory]
    [InlineData("llama2-mha-fp32")]
    [InlineData("llama3-gqa-bf16")]
    [InlineData("mistral-swa-fp32")]
    [InlineData("llama-headdim-bias-fp32")]
    [InlineData("qwen2-bias-fp32")]
    public void Both_forms_of_a_config_are_the_same_model(string folder)
    {
        var path = Shared.Require($"goldens/hf/{folder}");

        var one = HuggingFaceConfig.FromJson(File.ReadAllText(Path.Combine(path, "config.json")));
        var other = HuggingFaceConfig.FromJson(File.ReadAllText(Path.Combine(path, "config.other-form.json")));

        Assert.Equal(one with { EosIds = [] }, other with { EosIds = [] });
        Assert.Equal(one.EosIds, other.EosIds);
    }

    [Fact]
    public void Llama3_scaling_is_read_from_both_places()
    {
        const string scaling = "\"factor\": 8.0, \"low_freq_factor\": 1.0, \"high_freq_factor\": 4.0, \"original_max_position_embeddings\": 8192";

        var published = HuggingFaceConfig.FromJson(With($"\"rope_theta\": 500000.0, \"rope_scaling\": {{\"rope_type\": \"llama3\", {scaling}}}"));
        var newer = HuggingFaceConfig.FromJson(With($"\"rope_parameters\": {{\"rope_theta\": 500000.0, \"rope_type\": \"llama3\", {scaling}}}"));

        Assert.Equal(new Llama3RopeScaling(8, 1, 4, 8192), published.RopeScaling);
        Assert.Equal(published.RopeScaling, newer.RopeScaling);
        Assert.Equal(500000, newer.RopeTheta);
    }

    [Fact]
    public void Ends_of_text_are_those_of_both_files()
    {
        var config = HuggingFaceConfig.FromJson(TinyFolder.Config, """{"bos_token_id": 5, "eos_token_id": [3, 2, 7]}""");

        Assert.Equal([2, 3, 7], config.EosIds);
        Assert.Equal(1, config.BosId);
    }

    [Fact]
    public void Biases_follow_the_model_type()
    {
        var llama = HuggingFaceConfig.FromJson(With("\"attention_bias\": true, \"mlp_bias\": true"));
        var qwen = HuggingFaceConfig.FromJson(With("\"attention_bias\": false").Replace("llama", "qwen2"));
        var mistral = HuggingFaceConfig.FromJson(TinyFolder.Config.Replace("llama", "mistral"));

        Assert.True(llama is { QkvBias: true, OutputBias: true, MlpBias: true });
        Assert.True(qwen is { QkvBias: true, OutputBias: false, MlpBias: false });
        Assert.True(mistral is { QkvBias: false, OutputBias: false, MlpBias: false });
    }

    [Theory]
    [InlineData("mistral", "\"sliding_window\": 20", 20)]
    [InlineData("mistral", "\"sliding_window\": null", null)]
    [InlineData("llama", "\"sliding_window\": 20", null)]
    [InlineData("qwen2", "\"sliding_window\": 20, \"use_sliding_window\": false", null)]
    [InlineData("qwen2", "\"sliding_window\": 20, \"use_sliding_window\": true, \"max_window_layers\": 2", null)]
    public void A_sliding_window_counts_where_the_model_obeys_it(string type, string fields, int? expected)
    {
        var config = HuggingFaceConfig.FromJson(With(fields).Replace("llama", type));

        Assert.Equal(expected, config.SlidingWindow);
    }

    public static TheoryData<string, string> Impossible => new()
    {
        { "", "valid JSON" },
        { "[1]", "must hold a JSON object" },
        { "{\"model_type\": \"llama\", \"model_type\": \"llama\"}", "unique keys" },
        { "{}", "\"model_type\" is missing" },
        { Replace("\"llama\"", "\"gpt2\""), "one of llama, mistral, qwen2; found \"gpt2\"" },
        { Replace("\"llama\"", "7"), "\"model_type\" must be a string; found 7" },
        { Replace("\"hidden_size\": 8,", ""), "\"hidden_size\" is missing" },
        { Replace("\"hidden_size\": 8", "\"hidden_size\": 0"), "\"hidden_size\" must be a whole number from 1" },
        { Replace("\"hidden_size\": 8", "\"hidden_size\": -8"), "found -8" },
        { Replace("\"hidden_size\": 8", "\"hidden_size\": 8.5"), "found 8.5" },
        { Replace("\"hidden_size\": 8", "\"hidden_size\": \"8\""), "found \"8\"" },
        { Replace("\"hidden_size\": 8", "\"hidden_size\": 99999999999999999999"), "\"hidden_size\" must be" },
        { Replace("\"hidden_size\": 8", "\"hidden_size\": 9"), "hidden_size must be a multiple of num_attention_heads; found 9 and 2" },
        { Replace("\"intermediate_size\": 12,", ""), "\"intermediate_size\" is missing" },
        { Replace("\"num_hidden_layers\": 2", "\"num_hidden_layers\": 5000"), "from 1 to 4096; found 5000" },
        { Replace("\"num_attention_heads\": 2,", ""), "\"num_attention_heads\" is missing" },
        { Replace("\"num_key_value_heads\": 1", "\"num_key_value_heads\": 0"), "\"num_key_value_heads\" must be" },
        { Replace("\"num_attention_heads\": 2, \"num_key_value_heads\": 1", "\"num_attention_heads\": 4, \"num_key_value_heads\": 3"), "multiple of the key/value heads; found 4 and 3" },
        { Replace("\"num_attention_heads\": 2, \"num_key_value_heads\": 1", "\"num_attention_heads\": 8"), "head dimension must be even" },
        { With("\"head_dim\": 5"), "head dimension must be even, because RoPE turns pairs; found 5" },
        { With("\"head_dim\": -2"), "\"head_dim\" must be" },
        { Replace("\"vocab_size\": 16,", ""), "\"vocab_size\" is missing" },
        { Replace("\"max_position_embeddings\": 32,", ""), "\"max_position_embeddings\" is missing" },
        { Replace("\"rms_norm_eps\": 1e-5", "\"rms_norm_eps\": 0"), "\"rms_norm_eps\" must be a number" },
        { Replace("\"rms_norm_eps\": 1e-5", "\"rms_norm_eps\": 1e999"), "\"rms_norm_eps\" must be a number" },
        { Replace("\"rms_norm_eps\": 1e-5", "\"rms_norm_eps\": NaN"), "valid JSON" },
        { Replace("\"bos_token_id\": 1", "\"bos_token_id\": 16"), "\"bos_token_id\" must be a whole number from 0 to 15; found 16" },
        { Replace("\"eos_token_id\": 2", "\"eos_token_id\": [2, -1]"), "\"eos_token_id\" must be whole numbers" },
        { With("\"hidden_act\": \"gelu\""), "hidden_act must be silu; found \"gelu\"" },
        { With("\"rope_theta\": 0"), "\"rope_theta\" must be" },
        { With("\"rope_scaling\": {\"rope_type\": \"yarn\", \"factor\": 4}"), "default or llama3; found \"yarn\"" },
        { With("\"rope_scaling\": {\"type\": \"linear\", \"factor\": 4}"), "default or llama3; found \"linear\"" },
        { With("\"rope_scaling\": {\"type\": \"dynamic\", \"factor\": 4}"), "default or llama3; found \"dynamic\"" },
        { With("\"rope_scaling\": {\"factor\": 4}"), "\"rope_type\" is missing" },
        { With("\"rope_scaling\": 4"), "\"rope_scaling\" must be an object; found 4" },
        { With("\"rope_scaling\": {\"rope_type\": \"llama3\", \"factor\": 8}"), "rope_scaling: \"low_freq_factor\" is missing" },
        { With("\"rope_scaling\": {\"rope_type\": \"llama3\", \"factor\": 8, \"low_freq_factor\": 4, \"high_freq_factor\": 4, \"original_max_position_embeddings\": 8}"), "high_freq_factor must be above" },
        { With("\"rope_theta\": 5, \"rope_parameters\": {\"rope_theta\": 6}"), "same wherever it stands; found 5 and 6" },
        { With("\"rope_scaling\": {\"type\": \"default\"}, \"rope_parameters\": {}"), "described once" },
        { With("\"rope_interleaved\": true"), "rope_interleaved true" },
        { With("\"hidden_act\": \"\\ud800\""), "valid JSON" },
        { With("\"\\ud800\": 1"), "valid JSON" },
        { With("\"deep\": " + new string('[', 200) + new string(']', 200)), "valid JSON" },
        { With("\"partial_rotary_factor\": 0.5"), "partial_rotary_factor 0.5" },
        { With("\"quantization_config\": {\"quant_method\": \"gptq\"}"), "quantization_config of method \"gptq\"" },
        { With("\"tie_word_embeddings\": \"yes\""), "\"tie_word_embeddings\" must be true or false" },
        { With("\"use_sliding_window\": true, \"sliding_window\": 20, \"max_window_layers\": 1").Replace("llama", "qwen2"), "use_sliding_window of qwen2 must be false" },
        { With("\"sliding_window\": 0").Replace("llama", "mistral"), "\"sliding_window\" must be" },
    };

    [Theory, MemberData(nameof(Impossible))]
    public void An_impossible_config_is_refused_with_one_sentence(string json, string phrase)
    {
        var error = Assert.Throws<ModelFileException>(() => HuggingFaceConfig.FromJson(json));

        Assert.Contains(phrase, error.Message);
        Assert.Contains("config.json", error.Message);
        Assert.DoesNotContain('\n', error.Message);
    }

    [Fact]
    public void Random_byte_flips_give_success_or_a_sentence()
    {
        var good = System.Text.Encoding.UTF8.GetBytes(With("\"rope_theta\": 5.5, \"rope_scaling\": {\"rope_type\": \"llama3\", \"factor\": 8, \"low_freq_factor\": 1, \"high_freq_factor\": 4, \"original_max_position_embeddings\": 8}"));
        var flips = Gen.Select(Gen.Int[0, good.Length - 1], Gen.Byte).Array[1, 4];

        flips.Sample(changes =>
        {
            var bytes = good.ToArray();
            foreach (var (at, value) in changes) bytes[at] = value;
            try
            {
                HuggingFaceConfig.FromJson(System.Text.Encoding.UTF8.GetString(bytes), "{}");
            }
            catch (ModelFileException)
            {
                // A sentence is one of the two allowed outcomes.
            }
        }, iter: 10_000, threads: 1);
    }
}
