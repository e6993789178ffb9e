using LST.Core.Models;

namespace LST.Core.Tests;

public class ModelConfigTests
{
    [Fact]
    public void Group_size_is_query_heads_per_key_value_head()
    {
        var config = new ModelConfig
        {
            ModelType = "llama", HiddenSize = 64, IntermediateSize = 128, Layers = 1, QueryHeads = 8, KeyValueHeads = 2,
            HeadDim = 16, VocabularySize = 32, MaxPositions = 64, RmsNormEpsilon = 1e-5,
        };

        Assert.Equal(4, config.GroupSize);
    }
}
