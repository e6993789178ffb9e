using LST.Core.Attention.Cpu;
using LST.Core.Attention.Cpu.Vectors;

namespace LST.Core.Models.Decoding;

/// <summary>How far a step goes.</summary>
internal enum DecodeOutput
{
    /// <summary>To the logits.</summary>
    Logits,

    /// <summary>To the hidden states after the final norm; the head, a large part of a small model, is not read.</summary>
    Hidden,
}

/// <summary>
/// One token per sample through all layers of a Llama-family decoder, in C# on the weights' own memory: activations are float32, weights and cache keep
/// their storage. Five hand-overs to the workers a layer (q·k·v, attention, output, gate·up, down); what lies between is done by the calling thread.
/// Nothing is allocated per step once the cache's segments have been seen; results have the same bits for any number of workers and any batch.
/// </summary>
/// <remarks>Not for two threads at once. Weights and pool belong to the caller.</remarks>
internal sealed unsafe class DecodeStep : IDisposable
{
    private readonly WorkerPool _pool;
    private readonly ModelConfig _config;
    private readonly DecodeWeights _weights;
    private readonly RotaryEmbedding _rotary;
    private readonly CpuDecodeAttention _attention;
    private readonly SegmentTable _segments = new();
    private readonly DecodeScratch _scratch;

    /// <summary>Checks the weights and makes room for <paramref name="batch"/> samples.</summary>
    /// <param name="pool">Workers.</param>
    /// <param name="config">Shape of the model.</param>
    /// <param name="weights">Its weights.</param>
    /// <param name="cacheType">Storage of keys and values.</param>
    /// <param name="batch">Largest batch B.</param>
    /// <exception cref="ArgumentException">A weight's shape is not the model's.</exception>
    /// <exception cref="ModelFileException">A float16 weight is infinite or NaN.</exception>
    public DecodeStep(WorkerPool pool, ModelConfig config, DecodeWeights weights, ElementType cacheType, int batch = 1)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(batch, 1);
        weights.Check(config);
        (_pool, _config, _weights) = (pool, config, weights);
        _rotary = new RotaryEmbedding(config);
        _attention = new CpuDecodeAttention(
            pool, new DecodeAttentionShape(config.KeyValueHeads, config.GroupSize, config.HeadDim, cacheType, config.SlidingWindow));
        _scratch = new DecodeScratch(config, batch);
    }

    /// <summary>Logits [B, V] of the last step that went so far; overwritten by the next.</summary>
    public float* Logits => _scratch.Logits.Pointer;

    /// <summary>Hidden states after the final norm [B, M] of the last step; overwritten by the next.</summary>
    public float* Hidden => _scratch.Normed.Pointer;

    /// <summary>Logits [V] of one sample.</summary>
    public ReadOnlySpan<float> LogitsOf(int sample)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)sample, (uint)_scratch.Batch, nameof(sample));
        return new ReadOnlySpan<float>(Logits + (nint)sample * _config.VocabularySize, _config.VocabularySize);
    }

    /// <summary>Largest logit of one sample, the first of equals.</summary>
    public int ArgMax(int sample)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)sample, (uint)_scratch.Batch, nameof(sample));
        return Attention.Cpu.Vectors.Logits.ArgMax(Logits + (nint)sample * _config.VocabularySize, _config.VocabularySize);
    }

    /// <summary>Decodes one token per sample and appends its keys and values to the cache.</summary>
    /// <param name="ids">Token ids [B].</param>
    /// <param name="positions">True position of each token: the number of tokens before it, [B].</param>
    /// <param name="cache">What came before.</param>
    /// <param name="output">How far to go.</param>
    /// <exception cref="ArgumentException">The batch is too large, ids and positions differ in number, or an id is not in the vocabulary.</exception>
    public void Run(ReadOnlySpan<long> ids, ReadOnlySpan<long> positions, IDecodeCache cache, DecodeOutput output = DecodeOutput.Logits)
    {
        Begin(ids, positions);
        var batch = ids.Length;
        var epsilon = (float)_config.RmsNormEpsilon;
        float* x = _scratch.Residual.Pointer, normed = _scratch.Normed.Pointer;
        for (var l = 0; l < _config.Layers; l++)
        {
            var layer = _weights.Layers[l];
            RmsNorm.Apply(x, layer.AttentionNorm, epsilon, normed, batch, _config.HiddenSize);
            Attend(l, layer, cache, batch);
            MatrixVector.Multiply(_pool, new Projection(layer.Output, x, OutputMode.Accumulate), _scratch.Attended.Pointer, batch);

            RmsNorm.Apply(x, layer.MlpNorm, epsilon, normed, batch, _config.HiddenSize);
            MatrixVector.MultiplyGated(_pool, layer.Gate, layer.Up, normed, batch, _scratch.Activated.Pointer);
            MatrixVector.Multiply(_pool, new Projection(layer.Down, x, OutputMode.Accumulate), _scratch.Activated.Pointer, batch);
        }

        RmsNorm.Apply(x, _weights.FinalNorm, epsilon, normed, batch, _config.HiddenSize);
        if (output == DecodeOutput.Logits) MatrixVector.Multiply(_pool, new Projection(_weights.Head, Logits), normed, batch);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _attention.Dispose();
        _segments.Dispose();
        _scratch.Dispose();
    }

    /// <summary>Checks the tokens; fills residual stream, positions and their rotations.</summary>
    private void Begin(ReadOnlySpan<long> ids, ReadOnlySpan<long> positions)
    {
        if (ids.Length == 0 || ids.Length > _scratch.Batch) throw new ArgumentException($"batch of 1 to {_scratch.Batch} tokens expected, got {ids.Length}", nameof(ids));
        if (positions.Length != ids.Length) throw new ArgumentException($"{ids.Length} positions expected, got {positions.Length}", nameof(positions));
        var half = _config.HeadDim / 2;
        for (var b = 0; b < ids.Length; b++)
        {
            if (ids[b] < 0 || ids[b] >= _config.VocabularySize)
                throw new ArgumentException($"token id {ids[b]} is outside the vocabulary of {_config.VocabularySize}", nameof(ids));
            if (positions[b] is < 0 or > int.MaxValue) throw new ArgumentException($"position {positions[b]} is outside 0 … {int.MaxValue}", nameof(positions));
            var row = _weights.Embedding.Data + (nint)ids[b] * _weights.Embedding.RowBytes;
            ElementConversion.Widen(row, _weights.Embedding.Type, _scratch.Residual.Pointer + (nint)b * _config.HiddenSize, _config.HiddenSize);
            _scratch.Positions.Pointer[b] = (int)positions[b];
            _rotary.Fill(positions[b], new Span<float>(_scratch.Cos.Pointer + (nint)b * half, half), new Span<float>(_scratch.Sin.Pointer + (nint)b * half, half));
        }
    }

    /// <summary>Projects, rotates, appends and attends: from the normed to the attended activations.</summary>
    private void Attend(int index, in DecodeLayerWeights layer, IDecodeCache cache, int batch)
    {
        float* queries = _scratch.Queries.Pointer, keys = _scratch.Keys.Pointer, values = _scratch.Values.Pointer;
        ReadOnlySpan<Projection> projections = [new(layer.Query, queries), new(layer.Key, keys), new(layer.Value, values)];
        MatrixVector.Multiply(_pool, projections, _scratch.Normed.Pointer, batch);

        int headDim = _config.HeadDim, half = headDim / 2;
        for (var b = 0; b < batch; b++)
        {
            float* cos = _scratch.Cos.Pointer + (nint)b * half, sin = _scratch.Sin.Pointer + (nint)b * half;
            HeadRotation.Apply(queries + (nint)b * _config.QueryHeads * headDim, _config.QueryHeads, headDim, cos, sin);
            HeadRotation.Apply(keys + (nint)b * _config.KeyValueHeads * headDim, _config.KeyValueHeads, headDim, cos, sin);
        }

        cache.Append(index, keys, values);
        _segments.Clear();
        cache.DescribeSegments(index, _segments);
        _attention.Run(queries, _scratch.Positions.Pointer, batch, _segments, _scratch.Attended.Pointer);
    }
}
