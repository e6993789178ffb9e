using LST.Core;
using LST.Core.Text;
using LST.Evaluation.Benchmarks.ZeroShot;
using LST.Evaluation.Tests.Perplexity;

namespace LST.Evaluation.Tests.Benchmarks.ZeroShot;

public class PairEncoderTests
{
    private const string Bos = "<|begin_of_text|>";

    private static readonly ITokenizer Tokenizer = TokenizerFiles.ForFolder(ReferenceModel.Folder);

    private static readonly PairEncoder Encoder = new(text => Tokenizer.Encode(text, parseSpecial: true), 0, Bos);

    [Fact]
    public void Context_and_continuation_are_a_cut_of_their_joint_ids_wherever_no_merge_crosses_it()
    {
        for (var seed = 0; seed < 200; seed++)
        {
            var item = InventedItems.Item(seed, words: 8, choices: 1);
            var (context, continuation) = (item.Requests[0].Context, item.Requests[0].Continuation);

            var pair = Encoder.Encode(context, continuation);

            Assert.Equal([0, .. Tokenizer.Encode(context + continuation)], [.. pair.Context, .. pair.Continuation]);
            Assert.Equal([0, .. Tokenizer.Encode(context)], pair.Context);
        }
    }

    [Theory]
    [InlineData("The end", " \n\t", " Paris")]
    [InlineData("The end", "\u00a0 ", "x")]
    [InlineData("The end", "\u001f", "x")]
    [InlineData("", " \n", "x")]
    public void White_space_at_the_end_of_the_context_moves_behind_the_border(string context, string space, string continuation)
    {
        var pair = Encoder.Encode(context + space, continuation);

        Assert.Equal([0, .. Tokenizer.Encode(context)], pair.Context);
        Assert.Equal([0, .. Tokenizer.Encode(context + space + continuation)], [.. pair.Context, .. pair.Continuation]);
    }

    [Fact]
    public void A_merge_across_the_border_leaves_the_context_s_own_ids_and_the_slice_behind_their_number()
    {
        var (context, whole) = (Tokenizer.Encode("The capital of Fra"), Tokenizer.Encode("The capital of France is Paris"));

        var pair = Encoder.Encode("The capital of Fra", "nce is Paris");

        Assert.Equal([0, .. context], pair.Context);
        Assert.Equal(whole[context.Length..], pair.Continuation);
        Assert.False(whole.AsSpan().StartsWith(context));
    }

    [Fact]
    public void Nothing_before_means_the_prefix_id_and_a_written_BOS_is_no_second_one()
    {
        Assert.Equal([0], Encoder.Encode("", "Once upon").Context);
        Assert.Equal(Tokenizer.Encode("Once upon"), Encoder.Encode("", "Once upon").Continuation);
        Assert.Equal(Encoder.Encode("", "Once upon").Continuation, Encoder.Encode("", Bos + "Once upon").Continuation);
        Assert.Equal(Encoder.Encode("So", " it").Context, Encoder.Encode(Bos + "So", " it").Context);
        Assert.Equal(0, Encoder.Encode("A" + Bos + "B", " it").Context[2]);
    }

    [Theory]
    [InlineData("llama2", "<s>", 1)]
    [InlineData("llama3", "<|begin_of_text|>", 128000)]
    [InlineData("lst-ref", Bos, 0)]
    public void Every_tokenizer_s_own_BOS_is_recognised_in_a_text(string name, string written, int id)
    {
        var tokenizer = name == "lst-ref" ? Tokenizer : TokenizerFiles.ForFolder(Shared.Require($"data/tokenizers/{name}"));
        var encoder = new PairEncoder(text => tokenizer.Encode(text, parseSpecial: true), id, PairEncoder.PrefixText(tokenizer, id));

        Assert.Equal(written, PairEncoder.PrefixText(tokenizer, id));
        Assert.Equal([id, .. tokenizer.Encode("So it")], encoder.Encode("So it"));
        Assert.Equal([id, .. tokenizer.Encode(written + "So it", parseSpecial: true).Skip(1)], encoder.Encode(written + "So it"));
        Assert.Equal([id], encoder.Encode("", written + "So").Context);
    }

    [Fact]
    public void Without_a_BOS_of_the_tokenizer_white_space_alone_still_has_a_context()
    {
        var bare = new PairEncoder(text => Tokenizer.Encode(text, parseSpecial: true), 0, Bos, addPrefix: false);

        Assert.Equal(Tokenizer.Encode("So"), bare.Encode("So", " it").Context);
        Assert.Equal([0], bare.Encode(" ", " it").Context);
    }

    [Fact]
    public void What_does_not_fit_is_cut_from_the_left()
    {
        var pair = new EncodedPair([0, 11, 12, 13], [14, 15]);

        Assert.Equal((0, pair), (pair.LeftTruncated(5), pair.Fit(5)));
        Assert.Equal(2, pair.LeftTruncated(3));
        Assert.Equal([12, 13], pair.Fit(3).Context);
        Assert.Equal([14, 15], pair.Fit(3).Continuation);
        Assert.Equal([13], pair.Fit(2).Context);
        Assert.Contains("at most the 1 ids", Assert.Throws<DataException>(() => pair.Fit(1)).Message);
    }

    [Fact]
    public void A_continuation_that_adds_no_id_is_refused() => Assert.Contains("adds none", Assert.Throws<DataException>(() => Encoder.Encode("So", "")).Message);
}
