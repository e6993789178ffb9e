using Microsoft.DotNet.Interactive;
using Microsoft.DotNet.Interactive.Events;
using Microsoft.DotNet.Interactive.Formatting;

namespace LST.Notebooks.Display;

/// <summary>One output of the running cell whose content is replaced in place. Outside a notebook, and behind the cell's end, it shows nothing.</summary>
/// <param name="mimeTypes">What is shown; none: the preferred types of the value.</param>
internal sealed class UpdatingDisplay(params string[] mimeTypes)
{
    private readonly KernelInvocationContext? context = KernelInvocationContext.Current;
    private string? displayId;

    /// <summary>Whether somebody looks on.</summary>
    public bool IsOpen => context is { IsComplete: false };

    /// <summary>Shows the value in place of the one before.</summary>
    // Update of the value that Display() returns would reach nothing (it has another id), and that of DisplayedValue reaches only the cell's own flow.
    public void Show(object value)
    {
        if (context is not { IsComplete: false }) return;
        if (displayId is null) displayId = context.Display(value, mimeTypes).DisplayId;
        else context.Publish(new DisplayedValueUpdated(value, displayId, context.Command, FormattedValue.CreateManyFromObject(value, mimeTypes)));
    }
}
