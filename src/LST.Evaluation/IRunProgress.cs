namespace LST.Evaluation;

/// <summary>Where long work reports: a bar in a terminal, plain lines in a log, an updating display in a notebook.</summary>
public interface IRunProgress
{
    /// <summary>Begins a part of the work.</summary>
    /// <param name="what">What is being done, a few words.</param>
    /// <param name="total">Number of steps.</param>
    /// <param name="done">Steps that an earlier run has finished already.</param>
    /// <param name="unit">What a step is: <c>chunks</c>.</param>
    void Begin(string what, long total, long done = 0, string unit = "chunks");

    /// <summary>Some steps are done.</summary>
    /// <param name="steps">How many.</param>
    /// <param name="detail">What the numbers look like so far, a few words.</param>
    void Advance(long steps = 1, string? detail = null);

    /// <summary>One line that stays.</summary>
    void Note(string line);
}

/// <summary>Says nothing.</summary>
public sealed class SilentProgress : IRunProgress
{
    /// <inheritdoc/>
    public void Begin(string what, long total, long done = 0, string unit = "chunks") { }

    /// <inheritdoc/>
    public void Advance(long steps = 1, string? detail = null) { }

    /// <inheritdoc/>
    public void Note(string line) { }
}
