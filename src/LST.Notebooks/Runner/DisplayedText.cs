using Microsoft.DotNet.Interactive;
using Microsoft.DotNet.Interactive.Commands;
using Microsoft.DotNet.Interactive.Events;
using Microsoft.DotNet.Interactive.Formatting;

namespace LST.Notebooks.Runner;

/// <summary>
/// A language whose cells are only shown, by the front end that knows the MIME type: diagrams, scripts, Markdown. Nothing runs here and nothing is
/// loaded from the network; a front end that does not know the type shows the text.
/// </summary>
internal sealed class DisplayedText : Kernel, IKernelCommandHandler<SubmitCode>
{
    private static readonly (string Name, string MimeType)[] TakenOver = [("javascript", "application/javascript"), ("mermaid", "text/vnd.mermaid")];

    private readonly string mimeType;

    public DisplayedText(string name, string mimeType) : base(name)
    {
        this.mimeType = mimeType;
        (KernelInfo.LanguageName, KernelInfo.Description) = (name, $"Shown as {mimeType}");
    }

    /// <summary>
    /// Does the same in a live session. The tool's own kernels there wait half a minute for a page that answers over the kernel's web server, which nothing but a browser
    /// does, and draw diagrams with a script from the network.
    /// </summary>
    public static void TakeOver(CompositeKernel kernels)
    {
        foreach (var (name, mimeType) in TakenOver)
            if (kernels.FirstOrDefault(kernel => kernel.Name == name) is { } own and not DisplayedText)
                own.AddMiddleware((command, context, next) => command is SubmitCode cell ? Show(cell, context, mimeType) : next(command, context));
    }

    Task IKernelCommandHandler<SubmitCode>.HandleAsync(SubmitCode command, KernelInvocationContext context) => Show(command, context, mimeType);

    private static Task Show(SubmitCode command, KernelInvocationContext context, string mimeType)
    {
        var text = command.Code.Trim('\n', '\r');
        FormattedValue[] values = [new(mimeType, text), new(PlainTextFormatter.MimeType, text)];
        context.Publish(new DisplayedValueProduced(text, command, values, Guid.NewGuid().ToString()));
        return Task.CompletedTask;
    }
}
