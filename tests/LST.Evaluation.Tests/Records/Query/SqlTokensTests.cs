using LST.Evaluation.Records.Query;

namespace LST.Evaluation.Tests.Records.Query;

public sealed class SqlTokensTests
{
    [Theory]
    [InlineData("select a.b, 1.5", "select a . b , L . L")]
    [InlineData("select 'it''s; -- no' x", "select L x")]
    [InlineData("select e'a\\';b' x", "select L x")]
    [InlineData("select E'\\\\' ; x", "select L ; x")]
    [InlineData("select '\\' ; x", "select L ; x")]
    [InlineData("select $$a;b$$ x", "select L x")]
    [InlineData("select $tag$a;$$;$tag$ x", "select L x")]
    [InlineData("select $1, $2", "select $ L , $ L")]
    [InlineData("from \"read\"\"csv\" (1)", "from read\"csv ( L )")]
    [InlineData("select /* a /* ; */ ; */ 1 -- ; \n x", "select L x")]
    [InlineData("select 'open ; x", "select L")]
    [InlineData("select /* open ; x", "select")]
    [InlineData("from größe", "from größe")]
    [InlineData("   ", "")]
    public void Texts_comments_and_names_are_told_apart(string sql, string tokens) =>
        Assert.Equal(tokens, string.Join(' ', SqlTokens.Of(sql).Select(token => token.Kind == SqlTokenKind.Literal ? "L" : token.Text)));
}
