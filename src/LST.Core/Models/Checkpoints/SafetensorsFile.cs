using static TorchSharp.torch;

namespace LST.Core.Models.Checkpoints;

/// <summary>
/// A safetensors file on mapped memory. Opening reads and checks the whole header before anything is allocated for tensors:
/// bounded lengths, unique and expected keys, known types, sizes that fit, tensors without gap or overlap up to the last byte.
/// </summary>
public sealed class SafetensorsFile : IDisposable
{
    private readonly MappedFile _file;
    private readonly SafetensorsHeader _header;

    private SafetensorsFile(MappedFile file, SafetensorsHeader header) => (_file, _header) = (file, header);

    /// <summary>The file that was opened, full path.</summary>
    public string Path => _file.Path;

    /// <summary>Every tensor of the file by name.</summary>
    public IReadOnlyDictionary<string, SafetensorsEntry> Entries => _header.Entries;

    /// <summary>The strings of <c>__metadata__</c>; empty when the file has none.</summary>
    public IReadOnlyDictionary<string, string> Metadata => _header.Metadata;

    /// <summary>Opens and checks a file.</summary>
    /// <exception cref="ModelFileException">The file is missing, unreadable or breaks a rule of the format.</exception>
    public static SafetensorsFile Open(string path)
    {
        var file = MappedFile.Open(System.IO.Path.GetFullPath(path));
        try
        {
            return new SafetensorsFile(file, SafetensorsHeader.Read(file));
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>The description of one tensor.</summary>
    /// <exception cref="ModelFileException">The file has no tensor of that name.</exception>
    public SafetensorsEntry Entry(string name) => Entries.TryGetValue(name, out var entry)
        ? entry
        : throw new ModelFileException($"{Path} has no tensor {Shown.Quote(name)}; it holds {Entries.Count} tensors{Sample()}.");

    /// <summary>The stored bytes of one tensor, without copy; valid until this file is disposed.</summary>
    /// <exception cref="ModelFileException">No such tensor, or one above 2 GiB, which a span cannot hold (<see cref="ReadTensor"/> can).</exception>
    public ReadOnlySpan<byte> Bytes(string name)
    {
        var entry = Entry(name);
        if (entry.Bytes > int.MaxValue)
            throw new ModelFileException($"{Shown.Quote(name)} of {Path} has {entry.Bytes} bytes, more than one span holds; read it as a tensor.");
        return _file.Span(entry.Offset, (int)entry.Bytes);
    }

    /// <summary>Reads one tensor into new memory.</summary>
    /// <param name="name">Name in the file.</param>
    /// <param name="castTo">Element type of the result; null: as stored.</param>
    /// <param name="device">Where the result lies; null: CPU.</param>
    /// <exception cref="ModelFileException">The file has no tensor of that name.</exception>
    public Tensor ReadTensor(string name, ScalarType? castTo = null, Device? device = null)
    {
        var entry = Entry(name);
        var stored = SafetensorsType.Find(entry.Format)!.Scalar;
        return WeightCopy.Read(_file, entry.Offset, stored, entry.Shape, castTo ?? stored, device ?? CPU);
    }

    /// <summary>Lets the operating system drop the pages that were read so far.</summary>
    public void ReleasePages() => _file.ReleaseAll();

    /// <summary>True when two tensors, of this or another file, hold the same bytes.</summary>
    internal static unsafe bool SameBytes(SafetensorsFile left, SafetensorsEntry one, SafetensorsFile right, SafetensorsEntry other)
    {
        if (one.Bytes != other.Bytes) return false;
        for (var done = 0L; done < one.Bytes; done += WeightCopy.ChunkBytes)
        {
            var count = (int)Math.Min(WeightCopy.ChunkBytes, one.Bytes - done);
            if (!left._file.Span(one.Offset + done, count).SequenceEqual(right._file.Span(other.Offset + done, count))) return false;
            left._file.Release(one.Offset + done, count);
            right._file.Release(other.Offset + done, count);
        }
        return true;
    }

    /// <summary>Unmaps the file.</summary>
    public void Dispose() => _file.Dispose();

    private string Sample() => Entries.Count == 0 ? "" : $", among them"
        + $" {string.Join(", ", Entries.Keys.Order(StringComparer.Ordinal).Take(3).Select(Shown.Quote))}";
}
