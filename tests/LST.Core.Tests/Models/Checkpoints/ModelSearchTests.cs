using LST.Core.Models.Checkpoints;

namespace LST.Core.Tests.Models.Checkpoints;

public class ModelSearchTests
{
    private const string SmolFile = "SmolLM2-135M-Instruct.Q4_1.gguf";

    [Fact]
    public void A_path_is_taken_as_it_is_and_names_itself()
    {
        using var folder = new TemporaryFolder();
        var model = Directory.CreateDirectory(folder.File("my-model")).FullName;
        var file = folder.Write("other.gguf", "");
        var smol = folder.Write(SmolFile, "");

        Assert.Equal(new ModelLocation(model, "my-model"), Search(folder).Find(model + "/"));
        Assert.Equal(new ModelLocation(file, "other"), Search(folder).Find(file));
        Assert.Equal(new ModelLocation(smol, "smollm2"), Search(folder).Find(smol));
    }

    [Fact]
    public void Names_are_looked_up_in_the_documented_order()
    {
        using var folder = new TemporaryFolder();
        var places = new[] { "repo/data/models", "models", "data/models", "shared/data/models" };
        var search = Search(folder, ("LST_MODELS", folder.File("models")), ("LST_DATA", folder.File("data")));
        foreach (var place in places.Reverse())
        {
            var model = Folder(folder, $"{place}/lst-ref");
            Directory.CreateDirectory(folder.File(place));
            File.WriteAllText(folder.File($"{place}/{SmolFile}"), "");

            Assert.Equal(new ModelLocation(model, "lst-ref"), search.Find("lst-ref"));
            Assert.Equal(new ModelLocation(folder.File($"{place}/{SmolFile}"), "smollm2"), search.Find("smollm2"));
        }
    }

    [Fact]
    public void A_name_may_be_any_folder_or_file_of_a_model_folder()
    {
        using var folder = new TemporaryFolder();
        var model = Folder(folder, "models/Llama-2-7b-hf");
        File.WriteAllText(folder.File("models/tiny.gguf"), "");
        var search = Search(folder, ("LST_MODELS", folder.File("none") + Path.PathSeparator + folder.File("models")));

        Assert.Equal(model, search.Find("Llama-2-7b-hf").Path);
        Assert.Equal(new ModelLocation(folder.File("models/tiny.gguf"), "tiny"), search.Find("tiny"));
    }

    [Fact]
    public void A_folder_without_a_config_is_passed_over()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder.File("repo/data/models/lst-ref"));
        var model = Folder(folder, "shared/data/models/lst-ref");

        Assert.Equal(model, Search(folder).Find("lst-ref").Path);
    }

    [Fact]
    public void Hub_names_are_found_under_LST_MODELS_and_in_the_cache_at_main()
    {
        using var folder = new TemporaryFolder();
        var older = Folder(folder, "home/.cache/huggingface/hub/models--org--net/snapshots/aaa");
        var newer = Folder(folder, "home/.cache/huggingface/hub/models--org--net/snapshots/bbb");
        Directory.SetLastWriteTimeUtc(older, new DateTime(2020, 1, 1, 0, 0, 0, DateTimeKind.Utc));
        Assert.Equal(new ModelLocation(newer, "net"), Search(folder).Find("org/net"));

        Directory.CreateDirectory(folder.File("home/.cache/huggingface/hub/models--org--net/refs"));
        File.WriteAllText(folder.File("home/.cache/huggingface/hub/models--org--net/refs/main"), "aaa\n");
        Assert.Equal(new ModelLocation(older, "net"), Search(folder).Find("org/net"));

        var moved = Folder(folder, "cache/hub/models--org--net/snapshots/ccc");
        Assert.Equal(moved, Search(folder, ("HF_HOME", folder.File("cache"))).Find("org/net").Path);

        var local = Folder(folder, "models/org/net");
        Assert.Equal(new ModelLocation(local, "net"), Search(folder, ("LST_MODELS", folder.File("models"))).Find("org/net"));
    }

    [Fact]
    public void Unknown_names_say_where_they_were_looked_for()
    {
        using var folder = new TemporaryFolder();
        var search = Search(folder, ("LST_MODELS", folder.File("models")));

        var name = Assert.Throws<UsageException>(() => search.Find("gpt"));
        var hub = Assert.Throws<UsageException>(() => search.Find("org/net"));
        var path = Assert.Throws<UsageException>(() => search.Find("./gpt"));
        var file = Assert.Throws<UsageException>(() => search.Find("gpt.gguf"));
        var absent = Assert.Throws<ModelFileException>(() => search.Find("smollm2"));
        var empty = Assert.Throws<UsageException>(() => search.Find(" "));

        Assert.Contains(folder.File("models"), name.Message);
        Assert.Contains(Path.Combine("shared", "data", "models"), name.Message);
        Assert.Contains(Path.Combine(".cache", "huggingface", "hub"), hub.Message);
        Assert.Contains("nothing is there", path.Message);
        Assert.Contains("nothing is there", file.Message);
        Assert.Contains("./lst data get", absent.Message);
        Assert.Contains("must be named", empty.Message);
    }

    [Fact]
    public void Names_cannot_leave_the_model_folders()
    {
        using var folder = new TemporaryFolder();
        Folder(folder, "secret");
        Directory.CreateDirectory(folder.File("models"));
        var search = Search(folder, ("LST_MODELS", folder.File("models")));

        Assert.Throws<UsageException>(() => search.Find("../secret"));
        Assert.Throws<UsageException>(() => search.Find("org/../../secret"));
    }

    [Theory]
    [InlineData("model.bin", "pickle file")]
    [InlineData("model.pt", "pickle file")]
    [InlineData("model.onnx", "must be a Hugging Face folder or a .gguf file")]
    public void Other_files_are_refused_by_kind(string name, string phrase)
    {
        using var folder = new TemporaryFolder();
        var path = folder.Write(name, "x");

        var error = Assert.Throws<ModelFileException>(() => ModelFiles.Open(path));

        Assert.Contains(phrase, error.Message);
    }

    [Fact]
    public void Folders_and_files_open_alike()
    {
        using var folder = new TemporaryFolder();
        using var one = ModelFiles.Open(TinyFolder.Write(folder));
        using var other = ModelFiles.Open(folder.Write("tiny.gguf", GgufBuilder.Tiny().ToBytes()));

        Assert.IsType<ModelFolder>(one);
        Assert.IsType<GgufFile>(other);
        Assert.Equal(one.Weights.Select(weight => (weight.Name, string.Join('x', weight.Shape))), other.Weights.Select(weight => (weight.Name, string.Join('x', weight.Shape))));
    }

    private static ModelSearch Search(TemporaryFolder folder, params (string Name, string Value)[] variables) =>
        new(name => variables.FirstOrDefault(variable => variable.Name == name).Value, folder.File("repo"), folder.File("home"));

    private static string Folder(TemporaryFolder folder, string relative)
    {
        var path = Directory.CreateDirectory(folder.File(relative)).FullName;
        File.WriteAllText(Path.Combine(path, "config.json"), "{}");
        return path;
    }
}
