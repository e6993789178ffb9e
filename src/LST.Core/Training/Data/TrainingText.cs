namespace LST.Core.Training.Data;

/// <summary>A text that somebody offers as data, with the role that the catalogue gives it.</summary>
/// <param name="Name">Name for records and sentences.</param>
/// <param name="Role">One of <see cref="TextRoles"/>.</param>
/// <param name="Sha256">Digest of the joined text, lower-case hex; null where none is fixed.</param>
/// <param name="Documents">Its documents in order; enumerated more than once, so it has to give the same ones each time. Two documents are joined by a line
/// feed.</param>
public sealed record TrainingText(string Name, string Role, string? Sha256, IEnumerable<string> Documents);

/// <summary>Roles of texts: what a text may be used for.</summary>
public static class TextRoles
{
    /// <summary>A text of the catalogue to train on.</summary>
    public const string Training = "training";

    /// <summary>A text of the catalogue that choices are made on; never trained on.</summary>
    public const string Development = "development";

    /// <summary>A text of the catalogue that tables are made from; neither trained on nor chosen by.</summary>
    public const string Test = "test";

    /// <summary>A file that was named by its path: whoever names it answers for what it is.</summary>
    public const string File = "file";

    /// <summary>Refuses a text that must not be trained on.</summary>
    /// <exception cref="UsageException">The role is neither training nor file.</exception>
    internal static void RequireTraining(string name, string role)
    {
        if (role is Training or File) return;
        throw new UsageException($"text '{name}': a text to train on must have the role '{Training}', but this one has '{role}', and what is examined on must not be learned; "
            + "take a training text, or give a file's path if it really is to be trained on.");
    }

    /// <summary>Refuses a text that no choice may be made by.</summary>
    /// <exception cref="UsageException">The role is test, or none that is known.</exception>
    internal static void RequireValidation(string name, string role)
    {
        if (role is Training or Development or File) return;
        throw new UsageException($"text '{name}': a text to validate on must have the role '{Development}', but this one has '{role}', and no choice may be made from a test text; "
            + "take wiki-dev, api-dev, books-dev or a file's path.");
    }
}
