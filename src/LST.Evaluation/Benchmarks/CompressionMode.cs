namespace LST.Evaluation.Benchmarks;

/// <summary>What of an item is compressed.</summary>
public enum CompressionMode
{
    /// <summary>The context alone, which knows no question: the default.</summary>
    QueryAgnostic,

    /// <summary>Context and question together.</summary>
    QueryAware,
}
