using static TorchSharp.torch;

namespace LST.Core.Baselines;

/// <summary>
/// What the slots of one KV head shall reproduce for its probes, in double: E = exp(QKᵀ/√D − rowmax) over all keys gives the mass y = E·1 and the outputs softmax(QKᵀ/√D) V.
/// E itself [probes, T] is made in blocks and not kept.
/// </summary>
internal sealed class MatchingTarget
{
    private const int Block = 256;

    private readonly Tensor queries;            // [P, D], scaled by 1/√D
    private readonly Tensor keys;               // [T, D]
    private readonly Tensor rowMax;             // [P, 1]

    /// <summary>Reads one head; everything belongs to the current dispose scope.</summary>
    /// <param name="queries">Probes after RoPE [P, D].</param>
    /// <param name="keys">Keys after RoPE [T, D].</param>
    /// <param name="values">[T, D].</param>
    public MatchingTarget(Tensor queries, Tensor keys, Tensor values)
    {
        this.queries = queries.to(float64) * (1 / Math.Sqrt(keys.shape[1]));
        this.keys = keys.to(float64);
        var (probes, tokens, width) = (queries.shape[0], keys.shape[0], values.shape[1]);
        rowMax = empty([probes, 1], float64, keys.device);
        Mass = empty([probes], float64, keys.device);
        Outputs = empty([probes, width], float64, keys.device);
        var squares = zeros([1, tokens], float64, keys.device);
        var valuesAndOnes = cat([values.to(float64), ones([tokens, 1], float64, keys.device)], 1);
        for (var start = 0L; start < probes; start += Block)
        {
            using var scope = NewDisposeScope();
            var count = Math.Min(Block, probes - start);
            var exponentials = matmul(this.queries.narrow(0, start, count), this.keys.t());
            var largest = exponentials.amax([1], true);
            exponentials.sub_(largest).exp_();
            var sums = matmul(exponentials, valuesAndOnes);
            var mass = sums.narrow(1, width, 1);
            rowMax.narrow(0, start, count).copy_(largest);
            Mass.narrow(0, start, count).copy_(mass.squeeze(1));
            Outputs.narrow(0, start, count).copy_(sums.narrow(1, 0, width) / mass);
            squares.add_(matmul(mass.pow(-2).t(), exponentials.mul_(exponentials)));
        }
        RootMeanSquares = squares.squeeze(0).div_(probes).sqrt_();
    }

    /// <summary>T.</summary>
    public int Tokens => (int)keys.shape[0];

    /// <summary>y [P].</summary>
    public Tensor Mass { get; }

    /// <summary>Attention outputs over all keys [P, D].</summary>
    public Tensor Outputs { get; }

    /// <summary>√(mean over probes of A²) for each key [T].</summary>
    public Tensor RootMeanSquares { get; }

    /// <summary>E of some keys [P, n].</summary>
    public Tensor Exponentials(int[] kept) => Logits(kept).sub_(rowMax).exp_();

    /// <summary>E of all keys [P, T].</summary>
    public Tensor Exponentials() => matmul(queries, keys.t()).sub_(rowMax).exp_();

    /// <summary>Attention on slots with a bias [P, n].</summary>
    public Tensor Attention(int[] kept, Tensor bias)
    {
        var weights = Logits(kept).add_(bias);
        weights.sub_(weights.amax([1], true)).exp_();
        return weights.div_(weights.sum(1, keepdim: true));
    }

    private Tensor Logits(int[] kept) => matmul(queries, keys.index_select(0, tensor(kept.Select(j => (long)j).ToArray(), device: keys.device)).t());
}
