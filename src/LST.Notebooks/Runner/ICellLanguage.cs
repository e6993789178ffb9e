using System.Collections.Concurrent;
using Microsoft.DotNet.Interactive;
using Microsoft.DotNet.Interactive.Commands;

namespace LST.Notebooks.Runner;

/// <summary>A language of cells that the workbench itself brings, such as <c>sql</c> over run records: <c>#!name</c> in a cell's first line.</summary>
public interface ICellLanguage
{
    /// <summary>Name behind <c>#!</c>.</summary>
    string Name { get; }

    /// <summary>One line of help.</summary>
    string Description { get; }

    /// <summary>Runs the text of a cell.</summary>
    /// <param name="code">The text without its marker.</param>
    /// <param name="cancel">Stops it.</param>
    /// <returns>What is displayed, by the same formatters as in C#; null: nothing. Any exception becomes the cell's error.</returns>
    Task<object?> Run(string code, CancellationToken cancel);
}

/// <summary>The languages that were plugged in. The runner gives them to every notebook, <see cref="Workbench.Load"/> to a live session.</summary>
public static class CellLanguages
{
    private static readonly ConcurrentDictionary<string, ICellLanguage> Known = new(StringComparer.Ordinal);

    /// <summary>Plugs a language in; one of the same name is replaced in notebooks that start later.</summary>
    public static void Register(ICellLanguage language) => Known[language.Name] = language;

    /// <summary>Whether a language of this name was plugged in.</summary>
    public static bool Has(string name) => Known.ContainsKey(name);

    /// <summary>Adds every language that the kernels do not have yet.</summary>
    internal static void AddTo(CompositeKernel kernels)
    {
        foreach (var language in Known.Values.OrderBy(language => language.Name, StringComparer.Ordinal))
            if (kernels.All(kernel => kernel.Name != language.Name)) kernels.Add(new LanguageKernel(language));
    }

    private sealed class LanguageKernel : Kernel, IKernelCommandHandler<SubmitCode>
    {
        private readonly ICellLanguage language;

        public LanguageKernel(ICellLanguage language) : base(language.Name)
        {
            this.language = language;
            (KernelInfo.LanguageName, KernelInfo.Description) = (language.Name, language.Description);
        }

        async Task IKernelCommandHandler<SubmitCode>.HandleAsync(SubmitCode command, KernelInvocationContext context)
        {
            try
            {
                if (await language.Run(command.Code, context.CancellationToken) is { } value) context.Display(value);
            }
            catch (Exception problem)
            {
                context.Fail(command, problem, problem.Message);
            }
        }
    }
}
