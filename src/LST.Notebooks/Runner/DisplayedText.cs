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
    private readonly string mimeType;

    public DisplayedText(string name, string mimeType) : base(name)
    {
        this.mimeType = mimeType;
        (KernelInfo.LanguageName, KernelInfo.Description) = (name, $"Shown as {mimeType}");
    }

    Task IKernelCommandHandler<SubmitCode>.HandleAsync(SubmitCode command, KernelInvocationContext context)
    {
        var text = command.Code.Trim('\n', '\r');
        FormattedValue[] values = [new(mimeType, text), new(PlainTextFormatter.MimeType, text)];
        context.Publish(new DisplayedValueProduced(text, command, values, Guid.NewGuid().ToString()));
        return Task.CompletedTask;
    }
}
