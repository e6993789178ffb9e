using System.Text;
using CsCheck;
using LST.Core;
using LST.Evaluation.Records;

namespace LST.Evaluation.Tests.Records;

public sealed class ChunkJournalTests : IDisposable
{
    private sealed record Part(double Nll, int Tokens, float[] Offsets);

    private readonly TemporaryFolder _temporary = new();

    public void Dispose() => _temporary.Dispose();

    [Fact]
    public void What_was_appended_is_there_bit_for_bit_after_opening_again()
    {
        var parts = new[] { new Part(1.0 / 3, 512, [0.1f, float.Epsilon]), new Part(-0.0, 0, []), new Part(double.MaxValue, int.MaxValue, [1e-30f]) };
        using (var journal = Open("k"))
            for (var i = 0; i < parts.Length; i++) journal.Append("snapkv:kernel=5 \"é\n", i, parts[i]);

        using var again = Open("k");

        Assert.Equal((3, 0), (again.Count, again.CutBytes));
        for (var i = 0; i < parts.Length; i++)
        {
            Assert.True(again.TryGet("snapkv:kernel=5 \"é\n", i, out var part));
            Assert.Equal(BitConverter.DoubleToInt64Bits(parts[i].Nll), BitConverter.DoubleToInt64Bits(part.Nll));
            Assert.Equal(parts[i].Offsets, part.Offsets);
        }
        Assert.False(again.TryGet("dense", 0, out _));
    }

    [Fact]
    public void A_journal_cut_at_any_byte_keeps_the_whole_lines_and_goes_on()
    {
        const int parts = 4;
        var whole = WriteJournal(parts);

        for (var cut = 0; cut < whole.Length; cut++)
        {
            File.WriteAllBytes(_temporary.File("k.jsonl"), whole[..cut]);
            var wholeLines = whole.AsSpan(0, cut).Count((byte)'\n');
            using (var journal = Open("k"))
            {
                Assert.Equal(Math.Max(0, wholeLines - 1), journal.Count); // the first line is the header
                for (var i = 0; i < parts; i++)
                    if (!journal.TryGet("dense", i, out _)) journal.Append("dense", i, PartOf(i));
            }
            Assert.Equal(whole, File.ReadAllBytes(_temporary.File("k.jsonl")));
        }
    }

    [Fact]
    public void A_changed_byte_costs_at_most_its_line_and_what_follows_and_never_gives_a_wrong_number()
    {
        var whole = WriteJournal(4);
        Gen.Select(Gen.Int[0, whole.Length - 1], Gen.Byte[1, 255]).Sample((place, flip) =>
        {
            var changed = whole.ToArray();
            changed[place] ^= flip;
            using var folder = new TemporaryFolder();
            folder.Write("k.jsonl", changed);
            using var journal = ChunkJournal<Part>.Open(folder.Path, "k");
            var linesBefore = whole.AsSpan(0, place).Count((byte)'\n');
            Assert.Equal(Math.Max(0, linesBefore - 1), journal.Count);
            for (var i = 0; i < journal.Count; i++) Assert.True(journal.TryGet("dense", i, out var part) && part.Nll == PartOf(i).Nll);
        }, iter: 200, threads: 1);
    }

    [Fact]
    public void A_second_run_with_the_same_settings_is_refused_while_the_first_is_under_way()
    {
        using var first = Open("k");

        Assert.Contains("other run", Assert.Throws<DataException>(() => Open("k")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_finished_journal_is_gone()
    {
        var journal = Open("k");
        journal.Append("dense", 0, PartOf(0));

        journal.Complete();

        Assert.Empty(Directory.GetFileSystemEntries(_temporary.Path));
    }

    [Fact]
    public void A_part_is_written_once_only()
    {
        using var journal = Open("k");
        journal.Append("dense", 0, PartOf(0));

        Assert.Throws<InvalidOperationException>(() => journal.Append("dense", 0, PartOf(0)));
    }

    [Fact]
    public void Every_setting_changes_the_key()
    {
        var keys = new[] { JournalKey.Of(new { Prefix = 1024, Seed = 0 }), JournalKey.Of(new { Prefix = 1024, Seed = 1 }), JournalKey.Of(new { Prefix = 512, Seed = 0 }) };

        Assert.Equal(3, keys.Distinct().Count());
        Assert.All(keys, k => Assert.Matches("^[0-9a-f]{32}$", k));
    }

    private static Part PartOf(int chunk) => new(1000.1 / (chunk + 3), 512, [chunk, 0.3f]);

    private byte[] WriteJournal(int parts)
    {
        using (var journal = Open("k"))
            for (var i = 0; i < parts; i++) journal.Append("dense", i, PartOf(i));
        var whole = File.ReadAllBytes(_temporary.File("k.jsonl"));
        Assert.Equal(parts + 1, Encoding.UTF8.GetString(whole).Count(c => c == '\n'));
        return whole;
    }

    private ChunkJournal<Part> Open(string key) => ChunkJournal<Part>.Open(_temporary.Path, key);
}
