using System.Text;
using CsCheck;
using LST.Evaluation.PythonText;

namespace LST.Evaluation.Tests.PythonText;

/// <summary>Expected values are CPython 3.11's.</summary>
public class PyTextTests
{
    private static readonly Gen<string> Texts = Gen.OneOf("a", "Σ", "İ", " ", "\u001c", "\u0085", "\u3000", "\u200b", "😀", "é", "e\u0301", "_", "9", "²", ".", "\n", "ς", "ß").Array[0, 12].Select(string.Concat);

    [Theory]
    [InlineData("", 0)]
    [InlineData("a😀é", 3)]
    [InlineData("e\u0301", 2)]
    public void Length_counts_code_points(string text, int length) => Assert.Equal(length, PyText.Length(text));

    [Fact]
    public void Code_points_are_those_of_the_runes_and_broken_pairs_stand_for_themselves()
    {
        Assert.Equal([0x61, 0x1f600, 0xe9], PyText.CodePoints("a😀é"));
        Assert.Equal([0xde00, 0xd83d, 0x41], PyText.CodePoints("\ude00\ud83dA"));
        Assert.Equal((3, 1), (PyText.Length("\ude00\ud83dA"), PyText.Length("\ud83d")));
        Assert.Equal("\ude00\ud83da", PyText.Lower("\ude00\ud83dA"));
        Assert.Equal("\ud83da", PyText.Capitalize("\ud83dA"));
        Texts.Sample(text => PyText.CodePoints(text).SequenceEqual(text.EnumerateRunes().Select(rune => rune.Value)) && PyText.CodePoints(text).Length == PyText.Length(text));
    }

    [Theory]
    [InlineData("İSTANBUL ΟΔΟΣ ΣΑΣ", "i\u0307stanbul οδος σας")]
    [InlineData("ΑΣ.", "ας.")]
    [InlineData("ΑΣ'Β", "ασ'β")]
    [InlineData("Σ", "σ")]
    [InlineData("1Σ", "1σ")]
    [InlineData("A\u0301Σ", "a\u0301ς")]
    [InlineData("\U0001f130Σ", "\U0001f130ς")]
    [InlineData("\u212aẞ", "kß")]
    public void Lower_case_is_the_full_one_with_the_final_sigma(string text, string lower) => Assert.Equal(lower, PyText.Lower(text));

    [Theory]
    [InlineData("", "")]
    [InlineData("mcDONALD then", "Mcdonald then")]
    [InlineData("ßA", "Ssa")]
    [InlineData("ﬁNE", "Fine")]
    [InlineData("ǆABC", "ǅabc")]
    [InlineData("აB", "აb")]
    [InlineData("ıX", "Ix")]
    [InlineData("ſX", "Sx")]
    [InlineData("ΰX", "\u03a5\u0308\u0301x")]
    [InlineData("😀A", "😀a")]
    [InlineData("aΣ", "Aς")]
    public void Capitalize_has_the_title_case_first_and_lower_case_behind(string text, string expected) => Assert.Equal(expected, PyText.Capitalize(text));

    [Theory]
    [InlineData(" a\u001cb\u0085\u3000c\u200bd ", new[] { "a", "b", "c\u200bd" })]
    [InlineData("\u001f\u2028", new string[0])]
    [InlineData("", new string[0])]
    public void Split_knows_white_space_as_Python_does(string text, string[] parts) => Assert.Equal(parts, PyText.Split(text));

    [Theory]
    [InlineData(" = Robert Boulter = \n", 6)]
    [InlineData("", 1)]
    [InlineData("a", 1)]
    [InlineData("a b", 2)]
    public void A_split_by_runs_keeps_empty_parts_at_the_ends(string text, int parts) => Assert.Equal(parts, PyText.SplitKeepingEnds(text).Count);

    [Fact]
    public void Stripping_and_collapsing_agree_with_splitting() => Texts.Sample(text =>
    {
        Assert.Equal(string.Join(' ', PyText.Split(text)), PyText.Strip(PyText.CollapseSpace(text)));
        Assert.Equal(PyText.Strip(text), PyText.RightStrip(PyText.LeftStrip(text)));
        Assert.Equal(PyText.Split(text), PyText.Split(PyText.Strip(text)));
        Assert.Equal(PyText.CollapseSpace(text), string.Join(' ', PyText.SplitKeepingEnds(text)));
    });

    [Theory]
    [InlineData('\u001b', false)]
    [InlineData('\u001c', true)]
    [InlineData('\u001f', true)]
    [InlineData('\u0085', true)]
    [InlineData('\u00a0', true)]
    [InlineData('\u180e', false)]
    [InlineData('\u200b', false)]
    [InlineData('\ufeff', false)]
    public void White_space_is_Pythons(char c, bool isSpace) => Assert.Equal(isSpace, PyText.IsSpace(c));

    [Theory]
    [InlineData(0x5f, true)]
    [InlineData(0x203f, false)]
    [InlineData(0x301, false)]
    [InlineData(0x903, false)]
    [InlineData(0xb2, true)]
    [InlineData(0x2163, true)]
    [InlineData(0x4e2d, true)]
    [InlineData(0x1d7d7, true)]
    [InlineData(0x2019, false)]
    public void Words_have_numbers_of_every_kind_and_no_marks(int rune, bool isWord) => Assert.Equal(isWord, PyText.IsWord(new Rune(rune)));

    [Theory]
    [InlineData(0x39, true)]
    [InlineData(0xff11, true)]
    [InlineData(0x1d7d7, true)]
    [InlineData(0xb2, false)]
    [InlineData(0x2163, false)]
    public void Digits_are_decimal_ones(int rune, bool isDigit) => Assert.Equal(isDigit, PyText.IsDigit(new Rune(rune)));

    [Fact]
    public void Punctuation_is_that_of_ASCII() =>
        Assert.Equal(PyText.Punctuation, string.Concat(Enumerable.Range(0, 128).Select(c => (char)c).Where(c => char.IsPunctuation(c) || char.IsSymbol(c))));
}
