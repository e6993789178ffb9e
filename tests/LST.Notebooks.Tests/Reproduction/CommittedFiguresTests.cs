using LST.Evaluation;
using LST.Notebooks.Reproduction;

namespace LST.Notebooks.Tests.Reproduction;

/// <summary>The gallery of this checkout; <c>./lst reproduce</c> mends what is found here.</summary>
public class CommittedFiguresTests
{
    [Fact]
    public void Figures_and_executed_copies_are_made_from_the_sources_and_records_that_are_here() => Assert.Empty(Reproducer.Check(ProjectFolders.Root!));
}
