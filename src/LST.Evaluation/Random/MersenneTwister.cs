namespace LST.Evaluation.Random;

/// <summary>MT19937 (Matsumoto and Nishimura 1998): 624 words of state, 32-bit outputs.</summary>
internal sealed class MersenneTwister
{
    private const int Length = 624;
    private const int Middle = 397;
    private const uint UpperBit = 0x80000000u;
    private const uint LowerBits = 0x7fffffffu;
    private const uint Matrix = 0x9908b0dfu;

    private readonly uint[] _state = new uint[Length];
    private int _next = Length;

    /// <summary>The plain initialisation from one word.</summary>
    public MersenneTwister(uint seed)
    {
        _state[0] = seed;
        for (var i = 1u; i < Length; i++) _state[i] = unchecked(1812433253u * (_state[i - 1] ^ (_state[i - 1] >> 30)) + i);
    }

    /// <summary>The initialisation from a key of at least one word.</summary>
    public MersenneTwister(ReadOnlySpan<uint> key)
        : this(19650218u)
    {
        var i = 1;
        var k = 0;
        for (var step = Math.Max(Length, key.Length); step > 0; step--)
        {
            _state[i] = unchecked((_state[i] ^ ((_state[i - 1] ^ (_state[i - 1] >> 30)) * 1664525u)) + key[k] + (uint)k);
            i = Advance(i);
            if (++k == key.Length) k = 0;
        }
        for (var step = Length - 1; step > 0; step--)
        {
            _state[i] = unchecked((_state[i] ^ ((_state[i - 1] ^ (_state[i - 1] >> 30)) * 1566083941u)) - (uint)i);
            i = Advance(i);
        }
        _state[0] = UpperBit;
    }

    /// <summary>The next 32 random bits.</summary>
    public uint Next()
    {
        if (_next == Length) Refill();
        var y = _state[_next++];
        y ^= y >> 11;
        y ^= (y << 7) & 0x9d2c5680u;
        y ^= (y << 15) & 0xefc60000u;
        return y ^ (y >> 18);
    }

    private int Advance(int i)
    {
        if (++i < Length) return i;
        _state[0] = _state[Length - 1];
        return 1;
    }

    private void Refill()
    {
        var state = _state;
        for (var i = 0; i < Length; i++)
        {
            var y = (state[i] & UpperBit) | (state[i + 1 == Length ? 0 : i + 1] & LowerBits);
            var other = i + Middle < Length ? i + Middle : i + Middle - Length;
            state[i] = state[other] ^ (y >> 1) ^ ((y & 1u) == 0 ? 0u : Matrix);
        }
        _next = 0;
    }
}
