using LST.Core.Models.Checkpoints;
using TorchSharp;
using static TorchSharp.torch;

namespace LST.Core.Tests.Models.Checkpoints;

public class SafetensorsFileTests
{
    public static TheoryData<ScalarType> Types =>
        [ScalarType.Float64, ScalarType.Float32, ScalarType.Float16, ScalarType.BFloat16, ScalarType.Int64, ScalarType.Int32, ScalarType.Int16, ScalarType.Int8, ScalarType.Byte, ScalarType.Bool];

    [Theory, MemberData(nameof(Types))]
    public void What_is_written_is_read_back_in_every_type(ScalarType type)
    {
        using var folder = new TemporaryFolder();
        using var values = torch.arange(-3, 3).to(ScalarType.Float32).mul(0.37).reshape(2, 3).to(type);

        SafetensorsWriter.Write(folder.File("a.safetensors"), new Dictionary<string, Tensor> { ["x"] = values });
        using var file = SafetensorsFile.Open(folder.File("a.safetensors"));
        using var read = file.ReadTensor("x");

        Assert.Equal(type, read.dtype);
        Assert.Equal([2, 3], read.shape);
        Assert.True(read.Equals(values));
    }

    [Fact]
    public void Metadata_scalars_empty_tensors_and_views_survive_the_round_trip()
    {
        using var folder = new TemporaryFolder();
        using var square = torch.arange(6, dtype: ScalarType.Float32).reshape(2, 3);
        using var turned = square.t();
        using var scalar = torch.tensor(2.5);
        using var empty = torch.empty(0, 7);
        var metadata = new Dictionary<string, string> { ["config"] = "{\"windows\": 2, \"ä\": \"\\n\"}", ["format"] = "pt" };

        SafetensorsWriter.Write(folder.File("a.safetensors"), new Dictionary<string, Tensor> { ["turned"] = turned, ["scalar"] = scalar, ["empty"] = empty }, metadata);
        using var file = SafetensorsFile.Open(folder.File("a.safetensors"));
        using var readTurned = file.ReadTensor("turned");
        using var readScalar = file.ReadTensor("scalar");
        using var readEmpty = file.ReadTensor("empty");

        Assert.Equal(metadata, file.Metadata);
        Assert.Equal([0f, 3f, 1f, 4f, 2f, 5f], readTurned.data<float>().ToArray());
        Assert.Empty(readScalar.shape);
        Assert.Equal(2.5, readScalar.item<double>());
        Assert.Equal([0, 7], readEmpty.shape);
        Assert.Equal(24, file.Bytes("turned").Length);
    }

    [Fact]
    public void Reading_casts_to_the_type_that_is_asked_for()
    {
        using var folder = new TemporaryFolder();
        using var values = torch.tensor([1.0f, -2.5f, 65504f, 3.140625f], dtype: ScalarType.Float16);
        SafetensorsWriter.Write(folder.File("a.safetensors"), new Dictionary<string, Tensor> { ["x"] = values });

        using var file = SafetensorsFile.Open(folder.File("a.safetensors"));
        using var read = file.ReadTensor("x", ScalarType.Float32);

        Assert.Equal([1.0f, -2.5f, 65504f, 3.140625f], read.data<float>().ToArray());
    }

    [Fact]
    public void Equal_content_gives_equal_bytes_and_nothing_else_is_left_in_the_folder()
    {
        using var folder = new TemporaryFolder();
        using var one = torch.ones(3);
        using var two = torch.zeros(2, dtype: ScalarType.Int64);

        SafetensorsWriter.Write(folder.File("a.safetensors"), new Dictionary<string, Tensor> { ["one"] = one, ["two"] = two });
        SafetensorsWriter.Write(folder.File("b.safetensors"), new Dictionary<string, Tensor> { ["two"] = two, ["one"] = one });
        SafetensorsWriter.Write(folder.File("b.safetensors"), new Dictionary<string, Tensor> { ["two"] = two, ["one"] = one });

        Assert.Equal(File.ReadAllBytes(folder.File("a.safetensors")), File.ReadAllBytes(folder.File("b.safetensors")));
        Assert.Equal(2, Directory.GetFiles(folder.Path).Length);
    }

    [Fact]
    public void An_unknown_type_to_write_is_refused_before_a_file_appears()
    {
        using var folder = new TemporaryFolder();
        using var complex = torch.zeros(2, dtype: ScalarType.ComplexFloat32);

        var error = Assert.Throws<ModelFileException>(() => SafetensorsWriter.Write(folder.File("a.safetensors"), new Dictionary<string, Tensor> { ["x"] = complex }));

        Assert.Contains("cast it first", error.Message);
        Assert.Empty(Directory.GetFiles(folder.Path));
    }

    [Fact]
    public void An_unknown_name_is_refused_with_some_known_ones()
    {
        using var folder = new TemporaryFolder();
        var path = folder.Write("a.safetensors", SafetensorsBytes.Of("""{"x":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}""", 4));
        using var file = SafetensorsFile.Open(path);

        var error = Assert.Throws<ModelFileException>(() => file.ReadTensor("y"));

        Assert.Contains("no tensor \"y\"", error.Message);
        Assert.Contains("\"x\"", error.Message);
    }

    [Fact]
    public void Reading_leaves_no_other_tensor_alive()
    {
        using var folder = new TemporaryFolder();
        using var values = torch.ones(1000, dtype: ScalarType.BFloat16);
        SafetensorsWriter.Write(folder.File("a.safetensors"), new Dictionary<string, Tensor> { ["x"] = values });
        using var file = SafetensorsFile.Open(folder.File("a.safetensors"));
        var before = DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount;

        using (file.ReadTensor("x")) { }
        using (file.ReadTensor("x", ScalarType.Float32)) { }

        Assert.Equal(before, DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount);
    }
}
