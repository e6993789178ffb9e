using LST.Core.Models;
using LST.Core.Models.Checkpoints;
using static TorchSharp.torch;

namespace LST.Core.Tests.Models.Checkpoints;

public class ShapedModelTests
{
    [Fact]
    public void Shapes_are_those_of_the_models_and_can_be_cut_to_fewer_layers()
    {
        Assert.Equal(["llama-2-7b", "mistral-7b", "llama-3-8b", "smollm2-135m", "lst-ref"], ModelShapes.Names);
        long Parameters(string name, int? layers = null) => new ShapedModel(name, ModelShapes.Of(name, layers).Config).Weights.Sum(weight => weight.Elements);
        Assert.Equal(6_738_415_616, Parameters("llama-2-7b"));
        Assert.Equal(7_241_732_096, Parameters("mistral-7b"));
        Assert.Equal(8_030_261_248, Parameters("llama-3-8b"));
        Assert.Equal(134_515_008, Parameters("smollm2-135m"));
        Assert.Equal(("llama-2-7b-2l", 2), (ModelShapes.Of("Llama-2-7B", 2).Name, ModelShapes.Of("llama-2-7b", 2).Config.Layers));
        Assert.Equal("lst-ref", ModelShapes.Of("lst-ref", 8).Name);
        Assert.Contains("known: llama-2-7b", Assert.Throws<UsageException>(() => ModelShapes.Of("gpt-2")).Message);
        Assert.Contains("give 1 to 8", Assert.Throws<UsageException>(() => ModelShapes.Of("lst-ref", 9)).Message);
    }

    [Fact]
    public void The_shape_of_the_reference_model_is_that_of_its_config()
    {
        using var file = ModelFiles.Open(Path.Combine(Shared.RepositoryRoot, "data", "models", "lst-ref"));

        Assert.Equal(ModelShapes.Of("lst-ref").Config with { BosId = file.Config.BosId, EosIds = file.Config.EosIds }, file.Config);
    }

    [Fact]
    public void Weights_are_drawn_by_name_and_seed_and_norms_are_one()
    {
        using var scope = NewDisposeScope();
        using var model = Model(0);
        using var other = Model(1);
        var (one, again, elsewhere) = (model.Load("model.layers.0.mlp.up_proj.weight", float32, CPU), Model(0).Load("model.layers.0.mlp.up_proj.weight", float32, CPU), other.Load("model.layers.0.mlp.up_proj.weight", float32, CPU));

        Assert.Equal(one.data<float>().ToArray(), again.data<float>().ToArray());
        Assert.NotEqual(one.data<float>().ToArray(), elsewhere.data<float>().ToArray());
        Assert.NotEqual(one.data<float>().ToArray(), model.Load("model.layers.0.mlp.gate_proj.weight", float32, CPU).data<float>().ToArray());
        Assert.Equal(0.02, one.std().item<float>(), 3);
        Assert.Equal(0, one.mean().item<float>(), 3);
        Assert.Equal(1, model.Load("model.norm.weight", float32, CPU).min().item<float>());
        // A half type is the same numbers, rounded.
        Assert.Equal(one.to(bfloat16).to(float32).data<float>().ToArray(), model.Load("model.layers.0.mlp.up_proj.weight", bfloat16, CPU).to(float32).data<float>().ToArray());
        Assert.NotEqual(model.WeightsSha256(), other.WeightsSha256());
        Assert.Equal(model.WeightsSha256(), Model(0).WeightsSha256());
        Assert.Throws<ModelFileException>(() => model.Load("model.layers.9.mlp.up_proj.weight", float32, CPU));
    }

    [Fact]
    public void It_loads_and_runs_as_any_model()
    {
        using var file = Model(0);
        using var model = LanguageModel.Load(file, bfloat16, CPU, cancel: TestContext.Current.CancellationToken);
        using var scope = NewDisposeScope();
        using var cache = model.NewCache(1);

        Assert.True(model.Run(TinyModels.Row(1, 2, 3), cache).isfinite().all().item<bool>());
    }

    private static ShapedModel Model(int seed) => new("lst-ref-1l", ModelShapes.Of("lst-ref", 1).Config, seed);
}
