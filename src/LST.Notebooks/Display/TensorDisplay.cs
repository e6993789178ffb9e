using TorchSharp;
using static TorchSharp.torch;

namespace LST.Notebooks.Display;

/// <summary>Tensors as one sentence: shape, type, device, a few statistics and values; never all of them.</summary>
internal static class TensorDisplay
{
    private const int ShownValues = 8;

    public static void Register() => Displays.ShowSentence<Tensor>(Sentence);

    public static string Sentence(Tensor tensor)
    {
        if (tensor.IsInvalid) return "Tensor, disposed";
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        var head = $"Tensor [{string.Join(", ", tensor.shape)}] {Name(tensor.dtype)} on {tensor.device}{(tensor.requires_grad ? ", with gradient" : "")}";
        if (tensor.NumberOfElements == 0 || tensor.device_type == DeviceType.META || tensor.is_complex() || tensor.is_sparse) return head;
        return $"{head}: {Statistics(tensor.detach())}; first {First(tensor.detach())}";
    }

    private static string Statistics(Tensor values)
    {
        if (values.dtype == ScalarType.Bool) return $"{Visible.Number(values.sum().ToInt64())} of {Visible.Number(values.NumberOfElements)} true";
        var undefined = values.is_floating_point() ? values.isnan().sum().ToInt64() : 0;
        if (undefined == values.NumberOfElements) return $"all {Visible.Number(undefined)} values are NaN";
        if (undefined > 0) values = values.masked_select(values.isnan().logical_not());
        // Sums of half precision overflow or stand still.
        var mean = values.mean([], type: ScalarType.Float64).ToDouble();
        return $"min {Number(values.min())}, mean {Visible.Number(mean)}, max {Number(values.max())}, {Visible.Number(undefined)} NaN";
    }

    private static string First(Tensor values)
    {
        while (values.dim() > 1) values = values.select(0, 0);
        if (values.dim() == 0) values = values.unsqueeze(0);
        var shown = values.narrow(0, 0, Math.Min(ShownValues, values.shape[0])).to(ScalarType.Float64).cpu().data<double>().ToArray();
        var isAll = shown.Length == values.shape[0];
        return string.Join(", ", shown.Select(value => Visible.Number(value))) + (isAll ? "" : ", …");
    }

    private static string Number(Tensor scalar) => Visible.Number(scalar.to(ScalarType.Float64).ToDouble());

    private static string Name(ScalarType dtype) => dtype switch
    {
        ScalarType.BFloat16 => "bfloat16",
        _ => dtype.ToString().ToLowerInvariant(),
    };
}
