using System.Runtime.InteropServices;

namespace LST.Core.Attention.Cpu.Vectors;

/// <summary>Native memory of <typeparamref name="T"/> on a cache line's border, zeroed at first, freed on dispose. It grows but never shrinks.</summary>
internal sealed unsafe class AlignedBuffer<T> : IDisposable
    where T : unmanaged
{
    private const nuint LineBytes = 64;

    private bool _disposed;

    /// <summary>Memory for <paramref name="length"/> elements.</summary>
    public AlignedBuffer(long length = 0) => Require(length);

    /// <summary>Frees what was not disposed.</summary>
    ~AlignedBuffer() => Free();

    /// <summary>First element; changes when the buffer grows; null while it is empty.</summary>
    public T* Pointer { get; private set; }

    /// <summary>Number of elements.</summary>
    public long Length { get; private set; }

    /// <summary>Makes room for <paramref name="length"/> elements; what was in the buffer is kept.</summary>
    /// <exception cref="ObjectDisposedException">The buffer was freed.</exception>
    public void Require(long length)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        if (length <= Length) return;
        var oldBytes = (nuint)Length * (nuint)sizeof(T);
        var newBytes = checked((nuint)length * (nuint)sizeof(T));
        var grown = (byte*)NativeMemory.AlignedAlloc(newBytes, LineBytes);
        NativeMemory.Copy(Pointer, grown, oldBytes);
        NativeMemory.Clear(grown + oldBytes, newBytes - oldBytes);
        NativeMemory.AlignedFree(Pointer);
        Pointer = (T*)grown;
        Length = length;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _disposed = true;
        Free();
        GC.SuppressFinalize(this);
    }

    private void Free()
    {
        NativeMemory.AlignedFree(Pointer);
        Pointer = null;
        Length = 0;
    }
}
