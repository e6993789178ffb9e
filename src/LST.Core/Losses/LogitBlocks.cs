using static TorchSharp.torch;

namespace LST.Core.Losses;

/// <summary>
/// Row losses and hidden gradients over blocks of rows. With p, q the compressed and dense distributions of a row, a = weight of CE and b = weight of KL:
/// d loss / d logits = (a + b)·p − b·q − a·onehot(target), and d loss / d hidden = share · (d loss / d logits) · head.
/// The share of the row is applied last, in float32: half types would lose the small products.
/// </summary>
internal sealed class LogitBlocks(Tensor head, double crossEntropyWeight, double divergenceWeight)
{
    /// <summary>Logits that are held at a time, both sides together, in bytes.</summary>
    public long BlockBytes { get; init; } = 64L << 20;

    /// <summary>Logits of one side that a processor differentiates at a time, in bytes: of ten passes over a tile that stays in the cache nine are cheap.</summary>
    public long TileBytes { get; init; } = 1L << 20;

    /// <summary>Fills losses and gradient.</summary>
    /// <param name="hidden">[S, M].</param>
    /// <param name="denseHidden">[S, M] or null.</param>
    /// <param name="targets">int64 [S].</param>
    /// <param name="shares">[S], of sum one.</param>
    /// <param name="rowLosses">Receives cross-entropies and divergences [2, S].</param>
    /// <param name="gradient">Receives the gradient [S, M].</param>
    public void Run(Tensor hidden, Tensor? denseHidden, Tensor targets, Tensor shares, Tensor rowLosses, Tensor gradient)
    {
        using var scope = NewDisposeScope();
        var (rows, vocabulary, precision) = (hidden.shape[0], head.shape[0], rowLosses.dtype);
        var rowBytes = vocabulary * rowLosses.ElementSize;
        var block = Math.Clamp(BlockBytes / (rowBytes * (denseHidden is null ? 1 : 2)), 1, rows);
        var tile = hidden.device.type == TorchSharp.DeviceType.CPU ? Math.Clamp(TileBytes / rowBytes, 1, block) : block;
        var compressed = empty([block, vocabulary], precision, hidden.device);
        var dense = denseHidden is null ? null : empty_like(compressed);
        var narrow = hidden.dtype == precision ? null : empty([block, vocabulary], hidden.dtype, hidden.device);
        for (var start = 0L; start < rows; start += block)
        {
            using var blockScope = NewDisposeScope();
            var count = Math.Min(block, rows - start);
            var logits = compressed.narrow(0, 0, count);
            Multiply(hidden.narrow(0, start, count), logits, narrow);
            var denseLogits = dense?.narrow(0, 0, count);
            if (denseLogits is not null) Multiply(denseHidden!.narrow(0, start, count), denseLogits, narrow);
            for (var row = 0L; row < count; row += tile)
            {
                var height = Math.Min(tile, count - row);
                Differentiate(logits.narrow(0, row, height), denseLogits?.narrow(0, row, height), targets.narrow(0, start + row, height), rowLosses.narrow(1, start + row, height));
            }
            var product = narrow is null ? matmul(logits, head) : matmul(narrow.narrow(0, 0, count).copy_(logits), head).to(precision);
            gradient.narrow(0, start, count).copy_(product.mul_(shares.narrow(0, start, count).unsqueeze(1)));
        }
    }

    // Into memory that is there already: fresh pages for every block cost as much as a pass.
    private void Multiply(Tensor rows, Tensor logits, Tensor? narrow)
    {
        var target = narrow is null ? logits : narrow.narrow(0, 0, rows.shape[0]);
        target.addmm_(rows, head.t(), 0, 1);
        if (narrow is not null) logits.copy_(target);
    }

    // Turns logits [rows, V] into their gradient, share left out.
    private void Differentiate(Tensor logits, Tensor? denseLogits, Tensor targets, Tensor rowLosses)
    {
        using var scope = NewDisposeScope();
        var index = targets.unsqueeze(1);
        var work = logits.log_softmax(1);
        rowLosses[0].copy_(work.gather(1, index).squeeze(1).neg_());
        var dense = denseLogits?.log_softmax(1);
        var probabilities = dense?.exp();
        if (dense is not null) rowLosses[1].copy_(dense.sub_(work).mul_(probabilities!).sum(1));
        work.exp_().mul_(crossEntropyWeight + divergenceWeight);
        if (probabilities is not null && divergenceWeight > 0) work.add_(probabilities, -divergenceWeight);
        if (crossEntropyWeight > 0) work.scatter_add_(1, index, full_like(index, -crossEntropyWeight, work.dtype));
        logits.copy_(work);
    }
}
