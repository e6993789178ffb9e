using LST.Evaluation.Statistics;

namespace LST.Evaluation.Analysis;

/// <summary>Attention of one query head: what queries read from keys or slots. Plain numbers for figures.</summary>
/// <param name="Source">Model, method and text in words: <c>lst-ref, dense, api-dev</c>.</param>
/// <param name="Layer">Layer from 0.</param>
/// <param name="Head">Query head from 0.</param>
/// <param name="Queries">Text of each query's token [Q].</param>
/// <param name="QueryPositions">Its position [Q].</param>
/// <param name="Keys">Text of each key's token, or of the tokens behind a slot [K].</param>
/// <param name="KeyPositions">RoPE position of each key or slot [K].</param>
/// <param name="Weights">Softmax weights [Q][K]; a row sums up to 1, or less where keys were left out.</param>
public sealed record AttentionMap(
    string Source, int Layer, int Head, IReadOnlyList<string> Queries, IReadOnlyList<int> QueryPositions, IReadOnlyList<string> Keys, IReadOnlyList<int> KeyPositions, IReadOnlyList<IReadOnlyList<float>> Weights);

/// <summary>Why a slot is there.</summary>
public enum SlotKind
{
    /// <summary>One of the first tokens, kept as it is.</summary>
    Sink,

    /// <summary>A token that was chosen and kept as it is.</summary>
    Kept,

    /// <summary>Several tokens in one.</summary>
    Merged,

    /// <summary>One of the last tokens, kept as it is.</summary>
    Recent,
}

/// <summary>One slot of a KV head and what it is made of.</summary>
/// <param name="Kind">Why it is there.</param>
/// <param name="Position">RoPE position of its key.</param>
/// <param name="Tokens">Tokens in it, ascending, counted from the first token of the view that shows it.</param>
/// <param name="Weights">Weight of each of them (<see cref="LST.Core.Compression.SlotOrigin"/>); they sum up to 1, unless the method adds.</param>
/// <param name="NormRatio">Norm of the slot's key over the mean norm of its tokens' keys.</param>
/// <param name="Bias">Log-mass bias, nats.</param>
public sealed record SlotView(SlotKind Kind, int Position, IReadOnlyList<int> Tokens, IReadOnlyList<float> Weights, float NormRatio, float Bias);

/// <summary>Tokens of a prompt and the slots of one KV head that stand for them (view 1, ingredients strip). Tokens that are in no slot were dropped.</summary>
/// <param name="Source">Model, method, ratio and text in words.</param>
/// <param name="Layer">Layer from 0.</param>
/// <param name="Head">KV head from 0.</param>
/// <param name="Tokens">Text of each token [T].</param>
/// <param name="Slots">Ascending by position.</param>
public sealed record IngredientsStrip(string Source, int Layer, int Head, IReadOnlyList<string> Tokens, IReadOnlyList<SlotView> Slots)
{
    /// <summary>Position in the prefix of the first of <see cref="Tokens"/>.</summary>
    public int FirstToken { get; init; }
}

/// <summary>Attention mass by token under the dense cache and by slot under the compressed one (view 2).</summary>
/// <param name="Source">Model, method, ratio and text in words.</param>
/// <param name="Layer">Layer from 0.</param>
/// <param name="Head">Query head from 0.</param>
/// <param name="Tokens">Text of each prompt token [T].</param>
/// <param name="Slots">Slots of the query head's KV head.</param>
/// <param name="Queries">Text of each query's token [Q].</param>
/// <param name="QueryPositions">Its position [Q].</param>
/// <param name="Dense">Weights over tokens [Q][T].</param>
/// <param name="Compressed">Weights over slots [Q][n].</param>
/// <param name="WithoutBias">The same with the log-mass bias off [Q][n].</param>
public sealed record MassLedger(
    string Source, int Layer, int Head, IReadOnlyList<string> Tokens, IReadOnlyList<SlotView> Slots, IReadOnlyList<string> Queries, IReadOnlyList<int> QueryPositions,
    IReadOnlyList<IReadOnlyList<float>> Dense, IReadOnlyList<IReadOnlyList<float>> Compressed, IReadOnlyList<IReadOnlyList<float>> WithoutBias);

/// <summary>Relative error of attention's output by layer and query head (view 3): |o_compressed − o_dense| / |o_dense|.</summary>
/// <param name="Source">Model, method and text in words.</param>
/// <param name="QuerySource">Which queries: <c>continuation</c>, <c>isotropic</c>, <c>gaussian</c>.</param>
/// <param name="Ratios">One grid each.</param>
/// <param name="Median">Over queries [ratio][L][H_q].</param>
/// <param name="Low">Low end of the 95 % bootstrap interval of the median.</param>
/// <param name="High">High end.</param>
/// <param name="Queries">Queries behind each cell.</param>
public sealed record ErrorGrid(
    string Source, string QuerySource, IReadOnlyList<double> Ratios, IReadOnlyList<IReadOnlyList<IReadOnlyList<float>>> Median,
    IReadOnlyList<IReadOnlyList<IReadOnlyList<float>>> Low, IReadOnlyList<IReadOnlyList<IReadOnlyList<float>>> High, int Queries)
{
    /// <summary>The grids are of these methods, all at one ratio; null: of one method at the ratios.</summary>
    public IReadOnlyList<string>? Methods { get; init; }
}

/// <summary>A query or probe on the plane of the first two principal axes of real queries.</summary>
/// <param name="QuerySource"><c>continuation</c>, <c>isotropic</c>, <c>gaussian</c>.</param>
/// <param name="X">First axis.</param>
/// <param name="Y">Second axis.</param>
/// <param name="Error">Relative error of attention's output for it.</param>
public sealed record ProbePoint(string QuerySource, float X, float Y, float Error);

/// <summary>Where queries lie and how well the compressed cache answers them (view 4); a panel for each training loss.</summary>
/// <param name="Source">Model, ratio and text in words.</param>
/// <param name="Layer">Layer from 0.</param>
/// <param name="Head">Query head from 0.</param>
/// <param name="Explained">Share of the real queries' variance on each axis [2].</param>
/// <param name="Panels">Name of the loss, and the points; the same points in every panel.</param>
public sealed record ProbeCloud(string Source, int Layer, int Head, IReadOnlyList<double> Explained, IReadOnlyList<(string Loss, IReadOnlyList<ProbePoint> Points)> Panels);

/// <summary>Errors of many queries under one sidecar.</summary>
/// <param name="Loss">What the sidecar was trained with: <c>LM</c>, <c>LM + QPAA</c>, <c>untrained</c>.</param>
/// <param name="QuerySource">As in <see cref="ProbePoint"/>.</param>
/// <param name="Errors">Relative errors, ascending.</param>
public sealed record ErrorSeries(string Loss, string QuerySource, IReadOnlyList<float> Errors)
{
    /// <summary>95 % of the errors are at most this, with the interval over the queries of the prompt; null: not computed.</summary>
    public Estimate? P95 { get; init; }
}

/// <summary>Cumulative errors by query source and loss (view 5).</summary>
/// <param name="Source">Model, ratio and text in words.</param>
/// <param name="Series">The curves.</param>
public sealed record ErrorTails(string Source, IReadOnlyList<ErrorSeries> Series);

/// <summary>Score of a super-token against the log-sum-exp of the scores of its tokens, for pairs of a query and a window (view 6).</summary>
/// <param name="Source">Model, method, ratio and text in words.</param>
/// <param name="Layer">Layer from 0.</param>
/// <param name="Head">Query head from 0.</param>
/// <param name="Window">log Σ exp(q·k_j/√D) over the window's tokens [pairs], nats.</param>
/// <param name="WithBias">q·k̃/√D + β [pairs].</param>
/// <param name="WithoutBias">q·k̃/√D [pairs].</param>
public sealed record LogMassPairs(string Source, int Layer, int Head, IReadOnlyList<float> Window, IReadOnlyList<float> WithBias, IReadOnlyList<float> WithoutBias);

/// <summary>A training run as a story (view 9).</summary>
/// <param name="Name">What was trained with: <c>LM + QPAA</c>.</param>
/// <param name="RecordId">Its training record.</param>
/// <param name="IsReference">Drawn as a thin line.</param>
/// <param name="Steps">Step of each value below.</param>
/// <param name="LanguageLoss">Cross-entropy of the continuation, nats a token.</param>
/// <param name="Qpaa">QPAA as weighed in; NaN where it played no part.</param>
/// <param name="Diversity">Diversity loss; NaN where it played no part.</param>
/// <param name="ProbeSteps">Step of each held-out measurement.</param>
/// <param name="ProbeError">Median relative error of attention's output on held-out queries.</param>
public sealed record StoryRun(
    string Name, string RecordId, bool IsReference, IReadOnlyList<int> Steps, IReadOnlyList<double> LanguageLoss, IReadOnlyList<double> Qpaa, IReadOnlyList<double> Diversity,
    IReadOnlyList<int> ProbeSteps, IReadOnlyList<double> ProbeError)
{
    /// <summary>Divergence from the dense model at each step, nats a token; empty or NaN where it played no part.</summary>
    public IReadOnlyList<double> Divergence { get; init; } = [];

    /// <summary>Loss of the importance of tokens at each step; empty or NaN where no choice was learned.</summary>
    public IReadOnlyList<double> Importance { get; init; } = [];

    /// <summary>Step of each validation.</summary>
    public IReadOnlyList<int> DevelopmentSteps { get; init; } = [];

    /// <summary>Perplexity over dense at each validation, geometric mean over the development texts.</summary>
    public IReadOnlyList<double> PplOverDense { get; init; } = [];

    /// <summary>The first validation with measured budgets of heads, as its place in <see cref="PplOverDense"/>; those before judge the choice of tokens alone. Null: all judge the same.</summary>
    public int? BudgetsFrom { get; init; }
}

/// <summary>What became of one token under one method, in one head.</summary>
/// <param name="Kind">Why it is there; null: it is in no slot.</param>
/// <param name="Slot">Number of its slot; −1: none.</param>
/// <param name="Tokens">Tokens in that slot.</param>
/// <param name="Slots">Slots that it went into; more than one where a method spreads it.</param>
public sealed record TokenFate(SlotKind? Kind, int Slot, int Tokens, int Slots)
{
    /// <summary>In no slot.</summary>
    public static TokenFate Dropped { get; } = new(null, -1, 0, 0);

    /// <summary>Whether its key is still there as it was.</summary>
    public bool Stays => Kind is SlotKind.Sink or SlotKind.Kept or SlotKind.Recent;
}

/// <summary>One head of one method: how many slots, and where each token is.</summary>
/// <param name="Slots">Slots of the head.</param>
/// <param name="Tokens">[T].</param>
public sealed record HeadFates(int Slots, IReadOnlyList<TokenFate> Tokens);

/// <summary>A row of the token fate map.</summary>
/// <param name="Method">The method as typed.</param>
/// <param name="SlotsAHead">Slots per layer and KV head, mean.</param>
/// <param name="Bytes">Bytes of its cache.</param>
/// <param name="Heads">One for each of the map's heads.</param>
public sealed record FateRow(string Method, double SlotsAHead, long Bytes, IReadOnlyList<HeadFates> Heads);

/// <summary>What each method made of every token of a prompt, at the same bytes (view 7).</summary>
/// <param name="Source">Model, ratio and text in words.</param>
/// <param name="Ratio">r: no cache has more than dense bytes / r.</param>
/// <param name="DenseBytes">Bytes of the dense cache.</param>
/// <param name="Tokens">Text of each token [T].</param>
/// <param name="Heads">Layers and KV heads that are shown.</param>
/// <param name="Rows">One for each method.</param>
public sealed record TokenFateMap(string Source, double Ratio, long DenseBytes, IReadOnlyList<string> Tokens, IReadOnlyList<(int Layer, int Head)> Heads, IReadOnlyList<FateRow> Rows)
{
    /// <summary>The rows of some methods, in their order here; names that the map does not have are left out.</summary>
    public TokenFateMap Only(params IReadOnlyList<string> methods) => this with { Rows = [.. methods.SelectMany(method => Rows.Where(row => row.Method == method))] };

    /// <summary>One of its heads alone.</summary>
    /// <param name="place">Place in <see cref="Heads"/>.</param>
    public TokenFateMap InHead(int place) => this with { Heads = [Heads[place]], Rows = [.. Rows.Select(row => row with { Heads = [row.Heads[place]] })] };
}

/// <summary>Slots of each layer and KV head.</summary>
/// <param name="Source">Model, ratio and text in words.</param>
/// <param name="Ratio">r.</param>
/// <param name="Tokens">T.</param>
/// <param name="Methods">A grid each, as typed.</param>
/// <param name="Slots">[method][L][H_kv].</param>
public sealed record BudgetGrid(string Source, double Ratio, int Tokens, IReadOnlyList<string> Methods, IReadOnlyList<IReadOnlyList<IReadOnlyList<int>>> Slots);
