using System.Runtime.CompilerServices;

namespace LST.Core.Attention.Cpu.Vectors;

/// <summary>A storage format that kernels are specialised for.</summary>
internal unsafe interface IElement
{
    /// <summary>Bytes of one element.</summary>
    static abstract int Size { get; }

    /// <summary>A power of two s: <see cref="LoadScaled"/> gives values / s².</summary>
    static abstract float Scale { get; }

    /// <summary>Widens the lanes that begin at element <paramref name="index"/>, exactly.</summary>
    static abstract TVector Load<TLanes, TVector>(byte* source, nint index)
        where TLanes : struct, IVectorLanes<TVector>
        where TVector : struct;

    /// <summary>As <see cref="Load"/> for finite values, divided by the square of <see cref="Scale"/>: cheaper where the caller can move the scale elsewhere.</summary>
    static abstract TVector LoadScaled<TLanes, TVector>(byte* source, nint index)
        where TLanes : struct, IVectorLanes<TVector>
        where TVector : struct;
}

/// <summary>float32.</summary>
internal readonly unsafe struct Float32Element : IElement
{
    public static int Size => 4;

    public static float Scale => 1f;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Load<TLanes, TVector>(byte* source, nint index)
        where TLanes : struct, IVectorLanes<TVector>
        where TVector : struct => TLanes.Load((float*)source + index);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector LoadScaled<TLanes, TVector>(byte* source, nint index)
        where TLanes : struct, IVectorLanes<TVector>
        where TVector : struct => TLanes.Load((float*)source + index);
}

/// <summary>bfloat16.</summary>
internal readonly unsafe struct BFloat16Element : IElement
{
    public static int Size => 2;

    public static float Scale => 1f;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Load<TLanes, TVector>(byte* source, nint index)
        where TLanes : struct, IVectorLanes<TVector>
        where TVector : struct => TLanes.LoadBFloat16((ushort*)source + index);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector LoadScaled<TLanes, TVector>(byte* source, nint index)
        where TLanes : struct, IVectorLanes<TVector>
        where TVector : struct => TLanes.LoadBFloat16((ushort*)source + index);
}

/// <summary>IEEE half, finite: weights.</summary>
internal readonly unsafe struct Float16Element : IElement
{
    public static int Size => 2;

    public static float Scale => 72057594037927936f; // 2^56

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Load<TLanes, TVector>(byte* source, nint index)
        where TLanes : struct, IVectorLanes<TVector>
        where TVector : struct => TLanes.LoadFloat16((ushort*)source + index);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector LoadScaled<TLanes, TVector>(byte* source, nint index)
        where TLanes : struct, IVectorLanes<TVector>
        where TVector : struct => TLanes.LoadFloat16Scaled((ushort*)source + index);
}

/// <summary>IEEE half that may be infinite or NaN: keys and values, in which an overflow must stay visible.</summary>
internal readonly unsafe struct Float16ExactElement : IElement
{
    public static int Size => 2;

    public static float Scale => 1f;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Load<TLanes, TVector>(byte* source, nint index)
        where TLanes : struct, IVectorLanes<TVector>
        where TVector : struct => TLanes.LoadFloat16((ushort*)source + index);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector LoadScaled<TLanes, TVector>(byte* source, nint index)
        where TLanes : struct, IVectorLanes<TVector>
        where TVector : struct => TLanes.LoadFloat16((ushort*)source + index);
}
