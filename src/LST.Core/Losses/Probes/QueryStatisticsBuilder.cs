using static TorchSharp.torch;

namespace LST.Core.Losses.Probes;

/// <summary>
/// Gathers <see cref="QueryStatistics"/> of one layer over calibration sequences, in double. Sequences are merged by their means and centred second moments
/// (Chan, Golub &amp; LeVeque 1983), so that a mean far from zero costs no digits.
/// </summary>
public sealed class QueryStatisticsBuilder : IDisposable
{
    private readonly int queryHeads;
    private readonly int headDim;
    private readonly double ridge;
    private Tensor? mean;           // [H_q, D]
    private Tensor? moment;         // Σ (q − mean)(q − mean)ᵀ, [H_q, D, D]
    private Tensor? norms;          // Σ ‖q‖, [H_q]

    /// <summary>Starts without any query.</summary>
    /// <param name="queryHeads">H_q.</param>
    /// <param name="headDim">D.</param>
    /// <param name="ridge">Added to the covariance's diagonal, as a share of its mean; above 0, or too few queries would leave it singular.</param>
    /// <exception cref="ArgumentException">The ridge is not positive.</exception>
    public QueryStatisticsBuilder(int queryHeads, int headDim, double ridge = 1e-4)
    {
        if (!(ridge > 0 && double.IsFinite(ridge))) throw new ArgumentException($"ridge: expected a finite number above 0, got {ridge}", nameof(ridge));
        (this.queryHeads, this.headDim, this.ridge) = (queryHeads, headDim, ridge);
    }

    /// <summary>Queries added so far, a head.</summary>
    public long Count { get; private set; }

    /// <summary>Adds the queries of one sequence.</summary>
    /// <param name="preRopeQueries">[H_q, T, D].</param>
    /// <exception cref="ArgumentException">The shape does not fit.</exception>
    public void Add(Tensor preRopeQueries)
    {
        LossInputs.Expect(preRopeQueries, nameof(preRopeQueries), "[H_q, T, D]", queryHeads, LossInputs.Any, headDim);
        LossInputs.ExpectRows(preRopeQueries, nameof(preRopeQueries));
        using var noGradients = no_grad();
        using var scope = NewDisposeScope();
        var queries = preRopeQueries.detach().to(float64);
        mean ??= zeros([queryHeads, headDim], float64, queries.device).DetachFromDisposeScope();
        moment ??= zeros([queryHeads, headDim, headDim], float64, queries.device).DetachFromDisposeScope();
        norms ??= zeros([queryHeads], float64, queries.device).DetachFromDisposeScope();

        var added = queries.shape[1];
        var total = Count + added;
        var addedMean = queries.mean([1]);
        var centred = queries - addedMean.unsqueeze(1);
        var shift = addedMean - mean;
        moment.add_(matmul(centred.transpose(1, 2), centred)).add_(shift.unsqueeze(2) * shift.unsqueeze(1), (double)Count * added / total);
        mean.add_(shift, (double)added / total);
        norms.add_(queries.square().sum(-1).sqrt().sum(-1));
        Count = total;
    }

    /// <summary>Statistics of all queries added so far: the covariance is divided by their number. To be disposed; the builder can go on.</summary>
    /// <exception cref="InvalidOperationException">No query was added.</exception>
    public QueryStatistics Build()
    {
        if (mean is null) throw new InvalidOperationException("query statistics need at least one sequence, none was added");
        using var noGradients = no_grad();
        using var scope = NewDisposeScope();
        var covariance = moment! / Count;
        var size = covariance.diagonal(0, -2, -1).mean([-1]) * ridge + 1e-12;                  // [H_q]; equal queries have no covariance at all
        var factor = linalg.cholesky(covariance + size.view(-1, 1, 1) * eye(headDim, dtype: float64, device: covariance.device));
        return new QueryStatistics(mean.to(float32), factor.to(float32), (norms! / Count).to(float32));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        mean?.Dispose();
        moment?.Dispose();
        norms?.Dispose();
    }
}
