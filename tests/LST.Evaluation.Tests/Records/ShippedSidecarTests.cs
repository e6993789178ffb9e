using System.Security.Cryptography;
using LST.Core.Compression;
using LST.Core.Sidecar;
using LST.Evaluation.Records;
using LST.Evaluation.Training;

namespace LST.Evaluation.Tests.Records;

/// <summary>Sidecars that the project ships: each was written by a run whose record lies beside it, and is for the model and ratio that its name says.</summary>
public sealed class ShippedSidecarTests
{
    private static string Root => Path.Combine(ProjectFolders.Root!, "data", "sidecars");

    /// <summary>Every file, from its model's folder on.</summary>
    public static TheoryData<string> Files => [.. Directory.GetFiles(Root, "*.safetensors", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(Root, file).Replace('\\', '/')).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Files))]
    public void A_file_is_what_a_recorded_run_wrote(string file)
    {
        var digest = Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(Path.Combine(Root, file))));
        var records = new RecordStore(Path.Combine(ProjectFolders.Root!, "data", "results")).ReadAll<TrainingRecord>(TrainingRecord.RecordKind);

        // The same command may have been run again here, with the same bits.
        var record = records.OrderBy(r => r.Created, StringComparer.Ordinal).FirstOrDefault(r => r.BestSha256 == digest);
        Assert.NotNull(record);
        var config = SidecarFile.ReadConfig(Path.Combine(Root, file));

        // Found by name: the model's folder, preset and ratio. Those that a notebook compares lie a folder deeper, named by what differs.
        var ratio = $"-{Ratio.Parse($"{record.Ratios.Single()}")}x.safetensors";
        if (file.Split('/').Length == 2) Assert.Equal(file, $"{record.Model.Name}/{record.Preset}{ratio}");
        else Assert.True(file.StartsWith($"{record.Model.Name}/", StringComparison.Ordinal) && file.EndsWith(ratio, StringComparison.Ordinal), $"{file} is for {record.Model.Name} at {ratio}");
        Assert.Equal((record.Model.WeightsSha256, record.Preset, false), (config.Model.WeightsSha256, config.Preset, record.Versions.Dirty));
    }

    [Fact]
    public void All_of_them_are_small() => Assert.True(Directory.GetFiles(Root, "*.safetensors", SearchOption.AllDirectories).Sum(file => new FileInfo(file).Length) < 20 << 20);
}
