using static TorchSharp.torch;

namespace LST.Core.Losses.Probes;

/// <summary>Mean, covariance and size of one layer's queries before RoPE, a query head at a time. Owns its tensors, float32.</summary>
public sealed class QueryStatistics : IDisposable
{
    /// <summary>Takes over the tensors.</summary>
    /// <param name="mean">[H_q, D].</param>
    /// <param name="factor">Lower Cholesky factor of the covariance [H_q, D, D].</param>
    /// <param name="meanNorm">[H_q].</param>
    /// <exception cref="ArgumentException">A shape does not fit.</exception>
    public QueryStatistics(Tensor mean, Tensor factor, Tensor meanNorm)
    {
        LossInputs.Expect(mean, nameof(mean), "[H_q, D]", LossInputs.Any, LossInputs.Any);
        LossInputs.Expect(factor, nameof(factor), "[H_q, D, D]", mean.shape[0], mean.shape[1], mean.shape[1]);
        LossInputs.Expect(meanNorm, nameof(meanNorm), "[H_q]", mean.shape[0]);
        (Mean, Factor, MeanNorm) = (mean.DetachFromDisposeScope(), factor.DetachFromDisposeScope(), meanNorm.DetachFromDisposeScope());
    }

    /// <summary>Mean query [H_q, D].</summary>
    public Tensor Mean { get; }

    /// <summary>Lower triangular L with L·Lᵀ = covariance + ridge [H_q, D, D].</summary>
    public Tensor Factor { get; }

    /// <summary>Mean norm of a query [H_q]; RoPE does not change it.</summary>
    public Tensor MeanNorm { get; }

    /// <summary>The tensors by name, to be saved; they stay this object's.</summary>
    /// <param name="prefix">Put before each name, such as <c>layers.3.queries.</c>.</param>
    public IEnumerable<(string Name, Tensor Tensor)> NamedTensors(string prefix = "") => [(prefix + "mean", Mean), (prefix + "factor", Factor), (prefix + "norm", MeanNorm)];

    /// <summary>Copies statistics out of named tensors.</summary>
    /// <param name="tensors">Holds at least the three names.</param>
    /// <param name="prefix">As in <see cref="NamedTensors"/>.</param>
    /// <exception cref="DataException">A tensor is missing or its shape does not fit.</exception>
    public static QueryStatistics FromNamed(IReadOnlyDictionary<string, Tensor> tensors, string prefix = "")
    {
        Tensor Named(string name) => tensors.TryGetValue(prefix + name, out var found)
            ? found : throw new DataException($"query statistics need the tensor '{prefix}{name}', which is missing; calibrate again");
        using var noGradients = no_grad();
        using var scope = NewDisposeScope();
        var (mean, factor, norm) = (Named("mean"), Named("factor"), Named("norm"));
        try
        {
            return new QueryStatistics(mean.detach().to(float32).clone(), factor.detach().to(float32).clone(), norm.detach().to(float32).clone());
        }
        catch (ArgumentException wrong)
        {
            throw new DataException($"query statistics '{prefix}*' do not fit together ({wrong.Message}); calibrate again", wrong);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Mean.Dispose();
        Factor.Dispose();
        MeanNorm.Dispose();
    }
}
