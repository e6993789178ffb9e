namespace LST.Core;

/// <summary>
/// What a user of the workbench did or gave that cannot work, as one clear sentence: the thing, the rule, what was found, what to do.
/// Every boundary derives its own type; the command line prints the message alone and returns <see cref="ExitCode"/>.
/// </summary>
public abstract class LstException(string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>1: the content failed (data, model, a check); 2: wrong usage (flags, names, values).</summary>
    public abstract int ExitCode { get; }
}

/// <summary>Wrong usage: an unknown flag, name or value. Exit code 2.</summary>
public sealed class UsageException(string message) : LstException(message)
{
    /// <inheritdoc/>
    public override int ExitCode => 2;
}

/// <summary>A model folder, safetensors file or GGUF file that cannot be read as a model. Exit code 1.</summary>
public sealed class ModelFileException(string message, Exception? inner = null) : LstException(message, inner)
{
    /// <inheritdoc/>
    public override int ExitCode => 1;
}

/// <summary>A tokenizer file that cannot be read, or text that a tokenizer cannot carry. Exit code 1.</summary>
public sealed class TokenizerException(string message, Exception? inner = null) : LstException(message, inner)
{
    /// <inheritdoc/>
    public override int ExitCode => 1;
}

/// <summary>A text, data set or record that is missing, changed or too short. Exit code 1.</summary>
public sealed class DataException(string message, Exception? inner = null) : LstException(message, inner)
{
    /// <inheritdoc/>
    public override int ExitCode => 1;
}

/// <summary>A cache that was not compressed as planned, or a budget that cannot be met. Exit code 1.</summary>
public sealed class CompressionException(string message) : LstException(message)
{
    /// <inheritdoc/>
    public override int ExitCode => 1;
}

/// <summary>A sidecar file that cannot be read, does not fit the model, or is missing. Exit code 1.</summary>
public sealed class SidecarException(string message, Exception? inner = null) : LstException(message, inner)
{
    /// <inheritdoc/>
    public override int ExitCode => 1;
}
