using LST.Core;
using LST.Evaluation.Texts;

namespace LST.Evaluation.Tests.Texts;

public sealed class DocumentationProseTests : IDisposable
{
    private readonly TemporaryFolder _temporary = new();

    public void Dispose() => _temporary.Dispose();

    [Theory]
    [InlineData("T:System.String", "System.String", null)]
    [InlineData("M:System.String.Concat(System.String,System.String)", "System.String", "Concat")]
    [InlineData("M:System.String.#ctor(System.Char[])", "System.String", "#ctor")]
    [InlineData("F:Lonely", "Lonely", "")]
    [InlineData("", "", "")]
    public void Cuts_a_member_id_at_the_last_dot_before_the_parameters(string id, string type, string? member) =>
        Assert.Equal((type, member), DocumentationProse.Split(id));

    [Theory]
    [InlineData("M:System.Linq.Enumerable.Select``2(System.Func{``0,``1})", "Select")]
    [InlineData("T:System.Collections.Generic.List`1", "List")]
    [InlineData("Plain", "Plain")]
    [InlineData("", "")]
    public void A_reference_shows_its_last_segment_without_arity(string reference, string shown) => Assert.Equal(shown, MemberProse.Simple(reference));

    [Fact]
    public void Parts_stand_in_the_fixed_order_and_inline_elements_become_what_a_reader_sees()
    {
        var filler = new string('x', 200);
        Write("b.xml", $"""
            <member name="T:N.A"><remarks>late</remarks><summary> A <see cref="T:N.B`1"/>,
              <see langword="null"/> &amp; <c>code</c>.<!-- not shown --></summary></member>
            <member name="M:N.A.Run(System.Int32)"><exception cref="T:N.E">bad.</exception><returns>it.</returns><param name="n">see <paramref name="n"/>.</param>
              <typeparam name="T">type.</typeparam><seealso cref="T:N.C"/><summary>{filler}</summary></member>
            <member name="P:N.A.Silent"><summary> </summary></member>
            """);
        Write("c.xml", """<member name="P:N.A.Late"><summary>another file does not add to it</summary></member>""");

        var document = Assert.Single(Both());

        Assert.Equal($"# N.A\nA B, null & code. late\nRun: {filler} T: type. n: see n. Returns it. E: bad.\n", document);
    }

    [Fact]
    public void Files_are_read_in_ordinal_order_and_short_documents_are_left_out()
    {
        Write("a.xml", $"""<member name="T:N.Lower"><summary>{new string('l', 300)}</summary></member><member name="T:N.Short"><summary>short</summary></member>""");
        Write("B.xml", $"""<member name="T:N.Upper"><summary>{new string('u', 300)}</summary></member>""");

        var titles = Both().Select(d => d[..d.IndexOf('\n', StringComparison.Ordinal)]).ToHashSet();

        Assert.Equal(["# N.Lower", "# N.Upper"], titles.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_torn_file_of_the_package_is_one_sentence()
    {
        File.WriteAllText(_temporary.File("a.xml"), "<doc><members><member");

        var error = Assert.Throws<DataException>(() => DocumentationProse.HeldOut(_temporary.Path));

        Assert.Contains("a.xml is not well-formed", error.Message, StringComparison.Ordinal);
    }

    private List<string> Both() => [.. DocumentationProse.Training(_temporary.Path), .. DocumentationProse.HeldOut(_temporary.Path)];

    private void Write(string name, string members) => File.WriteAllText(_temporary.File(name), $"<?xml version=\"1.0\"?><doc><members>{members}</members></doc>");
}
