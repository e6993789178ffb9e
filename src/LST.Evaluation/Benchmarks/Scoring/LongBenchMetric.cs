namespace LST.Evaluation.Benchmarks.Scoring;

/// <summary>Metrics of LongBench's tasks (benchmarks §3.2, §3.6).</summary>
public enum LongBenchMetric
{
    /// <summary><c>qa_f1</c>.</summary>
    QaF1,

    /// <summary><c>qa_f1_zh</c>.</summary>
    QaF1Chinese,

    /// <summary><c>rouge_l</c>.</summary>
    RougeL,

    /// <summary><c>rouge_l_zh</c>.</summary>
    RougeLChinese,

    /// <summary><c>classification</c>.</summary>
    Classification,

    /// <summary><c>count</c>.</summary>
    Count,

    /// <summary><c>retrieval</c>.</summary>
    Retrieval,

    /// <summary><c>retrieval_zh</c>.</summary>
    RetrievalChinese,

    /// <summary><c>code_sim</c>.</summary>
    CodeSimilarity,
}
