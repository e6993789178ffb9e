using LST.Core.Attention.Cpu.Vectors;
using LST.Core.Models.Checkpoints;
using LST.Core.Models.Decoding;
using static TorchSharp.torch;

namespace LST.Core.Models;

/// <summary>
/// The element-wise parts of a forward pass on the CPU without gradients, each in one pass over memory where separate tensor operations would take five
/// to seven: RMSNorm (with the residual sum before it), splitting q·k·v with rotation, SwiGLU. Arithmetic is float32 whatever the storage is.
/// </summary>
internal sealed unsafe class SegmentKernels(WorkerPool pool, LanguageModelWeights weights)
{
    /// <summary>Elements of a row that are widened at a time.</summary>
    private const int Block = 1024;

    private readonly ModelConfig config = weights.Config;
    private readonly ElementType type = weights.Type;

    /// <summary>The norm before attention of rows [.., M]; a new tensor.</summary>
    public Tensor Normalize(Tensor x, int layer) => Norm(x, null, weights.Weights.Layers[layer].AttentionNorm);

    /// <summary>x += delta in place, then the norm before the MLP of the sum; both [.., M].</summary>
    public Tensor AddNormalize(Tensor x, Tensor delta, int layer) => Norm(x, delta, weights.Weights.Layers[layer].MlpNorm);

    /// <summary>
    /// From the fused projection [B, S, (H_q + 2·H_kv)·D] to rotated queries [B, H_q, S, D], rotated keys and values [B, H_kv, S, D].
    /// </summary>
    /// <param name="qkv">Contiguous.</param>
    /// <param name="cos">float32 [B or 1, S, D/2].</param>
    /// <param name="sin">As <paramref name="cos"/>.</param>
    public (Tensor Queries, Tensor Keys, Tensor Values) SplitRotate(Tensor qkv, Tensor cos, Tensor sin)
    {
        var (batch, tokens) = ((int)qkv.shape[0], (int)qkv.shape[1]);
        Tensor New(int heads) => empty([batch, heads, tokens, config.HeadDim], qkv.dtype, qkv.device);
        var (queries, keys, values) = (New(config.QueryHeads), New(config.KeyValueHeads), New(config.KeyValueHeads));
        var job = new SplitJob
        {
            Source = NativeMemory.DataOf(qkv), Queries = NativeMemory.DataOf(queries), Keys = NativeMemory.DataOf(keys), Values = NativeMemory.DataOf(values),
            Cos = (float*)NativeMemory.DataOf(cos), Sin = (float*)NativeMemory.DataOf(sin), Tokens = tokens, Tables = (int)cos.shape[0],
            QueryHeads = config.QueryHeads, Heads = config.KeyValueHeads, HeadDim = config.HeadDim, Type = type, Rows = batch * tokens, Parts = Parts(batch * tokens),
        };
        Run(job.Parts, &SplitPart, &job);
        return (queries, keys, values);
    }

    /// <summary>silu(gate) · up from the fused projection [.., 2·F]: [.., F].</summary>
    public Tensor Activate(Tensor gateUp)
    {
        var rows = (int)(gateUp.NumberOfElements / gateUp.shape[^1]);
        var output = empty([.. gateUp.shape[..^1], gateUp.shape[^1] / 2], gateUp.dtype, gateUp.device);
        var job = new RowJob { X = NativeMemory.DataOf(gateUp), Y = NativeMemory.DataOf(output), Width = (int)output.shape[^1], Rows = rows, Type = type, Parts = Parts(rows) };
        Run(job.Parts, &ActivatePart, &job);
        return output;
    }

    private Tensor Norm(Tensor x, Tensor? delta, float* weight)
    {
        var width = (int)x.shape[^1];
        var rows = (int)(x.NumberOfElements / width);
        var output = empty(x.shape, x.dtype, x.device);
        var job = new RowJob
        {
            X = NativeMemory.DataOf(x), Delta = delta is null ? null : NativeMemory.DataOf(delta), Weight = weight, Y = NativeMemory.DataOf(output),
            Width = width, Rows = rows, Epsilon = (float)config.RmsNormEpsilon, Type = type, Parts = Parts(rows),
        };
        Run(job.Parts, &NormPart, &job);
        return output;
    }

    private int Parts(int rows) => Math.Max(1, Math.Min(4 * pool.Workers, rows / 8));

    private void Run(int parts, delegate*<void*, int, int, void> body, void* job)
    {
        // One kernel at a time in a pool; a model may be used by several threads.
        lock (pool) pool.Run(parts, body, job);
    }

    private struct RowJob
    {
        public byte* X, Delta, Y;
        public float* Weight;
        public float Epsilon;
        public int Width, Rows, Parts;
        public ElementType Type;
    }

    private struct SplitJob
    {
        public byte* Source, Queries, Keys, Values;
        public float* Cos, Sin;
        public int Tokens, Tables, QueryHeads, Heads, HeadDim, Rows, Parts;
        public ElementType Type;
    }

    private static void NormPart(void* argument, int part, int worker)
    {
        ref var job = ref *(RowJob*)argument;
        var rowBytes = (nint)job.Width * ElementSizes.Bytes(job.Type);
        var wide = job.Type == ElementType.Float32;
        float* x = stackalloc float[wide ? 0 : job.Width], delta = stackalloc float[wide || job.Delta is null ? 0 : job.Width];
        for (var row = (long)part * job.Rows / job.Parts; row < (long)(part + 1) * job.Rows / job.Parts; row++)
        {
            var offset = (nint)row * rowBytes;
            if (wide)
            {
                float* source = (float*)(job.X + offset), target = (float*)(job.Y + offset);
                if (job.Delta is null) RmsNorm.Apply(source, job.Weight, job.Epsilon, target, 1, job.Width);
                else RmsNorm.AddAndApply(source, (float*)(job.Delta + offset), job.Weight, job.Epsilon, target, 1, job.Width);
                continue;
            }
            ElementConversion.Widen(job.X + offset, job.Type, x, job.Width);
            if (job.Delta is null) RmsNorm.Apply(x, job.Weight, job.Epsilon, x, 1, job.Width);
            else
            {
                ElementConversion.Widen(job.Delta + offset, job.Type, delta, job.Width);
                RmsNorm.AddAndApply(x, delta, job.Weight, job.Epsilon, delta, 1, job.Width);
                ElementConversion.Narrow(x, job.X + offset, job.Type, job.Width);
                ElementConversion.Narrow(delta, job.Y + offset, job.Type, job.Width);
                continue;
            }
            ElementConversion.Narrow(x, job.Y + offset, job.Type, job.Width);
        }
    }

    private static void ActivatePart(void* argument, int part, int worker)
    {
        ref var job = ref *(RowJob*)argument;
        var size = ElementSizes.Bytes(job.Type);
        float* gate = stackalloc float[Block], up = stackalloc float[Block];
        for (var row = (long)part * job.Rows / job.Parts; row < (long)(part + 1) * job.Rows / job.Parts; row++)
        {
            byte* source = job.X + (nint)row * 2 * job.Width * size, target = job.Y + (nint)row * job.Width * size;
            for (var start = 0; start < job.Width; start += Block)
            {
                var count = Math.Min(Block, job.Width - start);
                byte* g = source + (nint)start * size, u = g + (nint)job.Width * size;
                if (job.Type == ElementType.Float32)
                {
                    SwiGlu.Apply((float*)g, (float*)u, (float*)target + start, count);
                    continue;
                }
                ElementConversion.Widen(g, job.Type, gate, count);
                ElementConversion.Widen(u, job.Type, up, count);
                SwiGlu.Apply(gate, up, gate, count);
                ElementConversion.Narrow(gate, target + (nint)start * size, job.Type, count);
            }
        }
    }

    private static void SplitPart(void* argument, int part, int worker)
    {
        ref var job = ref *(SplitJob*)argument;
        var headBytes = (nint)job.HeadDim * ElementSizes.Bytes(job.Type);
        float* rotated = stackalloc float[job.HeadDim];
        for (var row = (long)part * job.Rows / job.Parts; row < (long)(part + 1) * job.Rows / job.Parts; row++)
        {
            var (sample, token) = ((int)(row / job.Tokens), (int)(row % job.Tokens));
            var source = job.Source + (nint)row * (job.QueryHeads + 2 * job.Heads) * headBytes;
            var table = ((nint)(job.Tables == 1 ? 0 : sample) * job.Tokens + token) * (job.HeadDim / 2);
            for (var head = 0; head < job.QueryHeads + 2 * job.Heads; head++, source += headBytes)
            {
                var local = head < job.QueryHeads ? head : (head - job.QueryHeads) % job.Heads;
                var (target, heads) = head < job.QueryHeads ? ((nint)job.Queries, job.QueryHeads)
                    : head < job.QueryHeads + job.Heads ? ((nint)job.Keys, job.Heads) : ((nint)job.Values, job.Heads);
                var to = (byte*)target + (((nint)sample * heads + local) * job.Tokens + token) * headBytes;
                if (head >= job.QueryHeads + job.Heads)
                {
                    Buffer.MemoryCopy(source, to, headBytes, headBytes);
                    continue;
                }
                ElementConversion.Widen(source, job.Type, rotated, job.HeadDim);
                HeadRotation.Apply(rotated, 1, job.HeadDim, job.Cos + table, job.Sin + table);
                ElementConversion.Narrow(rotated, to, job.Type, job.HeadDim);
            }
        }
    }
}
