using System.IO.MemoryMappedFiles;

namespace LST.Core.Models.Checkpoints;

/// <summary>A file mapped read-only into memory. Pages count as resident once read, until they are released.</summary>
internal sealed unsafe class MappedFile : IDisposable
{
    private readonly MemoryMappedFile? _map;
    private readonly MemoryMappedViewAccessor? _view;
    private byte* _start;

    private MappedFile(string path, long length, MemoryMappedFile? map, MemoryMappedViewAccessor? view)
    {
        (Path, Length, _map, _view) = (path, length, map, view);
        view?.SafeMemoryMappedViewHandle.AcquirePointer(ref _start);
    }

    public string Path { get; }

    /// <summary>Bytes in the file when it was opened.</summary>
    public long Length { get; }

    /// <exception cref="ModelFileException">The file is missing or cannot be read.</exception>
    public static MappedFile Open(string path)
    {
        try
        {
            var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
            var length = stream.Length;
            if (length == 0)
            {
                // An empty file cannot be mapped; the format's own reader says that it is too short.
                stream.Dispose();
                return new MappedFile(path, 0, null, null);
            }
            // The map owns the stream, so that the file stays shared for reading only.
            var map = MemoryMappedFile.CreateFromFile(stream, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: false);
            return new MappedFile(path, length, map, map.CreateViewAccessor(0, length, MemoryMappedFileAccess.Read));
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new ModelFileException($"{path} does not exist; check the name, or fetch the model's weights again.", error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new ModelFileException($"{path} cannot be read: {error.Message.TrimEnd('.')}; make it readable for this user.", error);
        }
    }

    /// <summary>Address of a byte; the caller has checked that what it reads lies inside the file.</summary>
    public byte* At(long offset)
    {
        ObjectDisposedException.ThrowIf(_start is null && Length > 0, this);
        return _start + offset;
    }

    public ReadOnlySpan<byte> Span(long offset, int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset + length, Length);
        return new ReadOnlySpan<byte>(At(offset), length);
    }

    /// <summary>Lets the operating system drop the pages of a range; reading them again only costs a page fault.</summary>
    public void Release(long offset, long length)
    {
        // Never beyond the map: what lies behind it is somebody else's memory, and dropping that would clear it.
        var end = Math.Min(Length, offset + length);
        if (_start is not null && offset >= 0 && offset < end) NativeMemory.DropPages(_start + offset, end - offset);
    }

    /// <summary>Drops all pages.</summary>
    public void ReleaseAll() => Release(0, Length);

    public void Dispose()
    {
        if (_start is not null)
        {
            _start = null;
            _view!.SafeMemoryMappedViewHandle.ReleasePointer();
        }
        _view?.Dispose();
        _map?.Dispose();
    }
}
