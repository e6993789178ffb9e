using CsCheck;
using LST.Evaluation.Records;
using LST.Notebooks.Reproduction;

namespace LST.Notebooks.Tests.Reproduction;

public class CommandWordsTests
{
    [Fact]
    public void Arguments_come_back_from_the_command_of_a_record() =>
        Gen.String[Gen.Char["abz0-,:=' \"$\\"], 0, 12].Where(word => !word.Contains('/') && !word.StartsWith('~')).Array[0, 6]
            .Sample(arguments => Assert.Equal(arguments, CommandWords.Of(CommandText.Of(arguments))));

    [Fact]
    public void A_command_of_a_record_becomes_its_arguments() =>
        Assert.Equal(["eval", "ppl", "--text", "my notes.txt", "--ratios", "2,4"], CommandWords.Of("./lst eval ppl --text 'my notes.txt' --ratios 2,4"));
}
