namespace LST.Core.Compression.Online;

/// <summary>What a method asks for at every step; only this is computed.</summary>
[Flags]
public enum OnlineNeeds
{
    /// <summary>Keys and values in the cache alone.</summary>
    None = 0,

    /// <summary>Attention of the step's queries over slots and new tokens (<see cref="OnlineStep.Attention"/>). Steps then run as segments of the model, not in the decode kernels.</summary>
    Attention = 1,
}

/// <summary>A method that goes on compressing while tokens arrive, from an empty cache or behind a prompt that it compressed.</summary>
public interface IOnlineCompressor : IKvCompressor
{
    /// <summary>What every step has to compute for it.</summary>
    OnlineNeeds OnlineNeeds => OnlineNeeds.None;

    /// <summary>What its cache needs and may hold at a budget. After <see cref="IKvCompressor.Attach"/>.</summary>
    /// <exception cref="LstException">Its options, or what it was trained for, have no meaning while tokens arrive.</exception>
    IOnlinePlan PlanOnline(OnlineBudget budget);

    /// <summary>
    /// The state of every layer [L]. Takes over the tokens that stay dense: where a prompt was compressed its last ones move from the compressed
    /// prefix, where they were slots, into the tail.
    /// </summary>
    IReadOnlyList<IOnlineLayer> Begin(OnlineStart start);
}

/// <summary>Sizes of a cache that is compressed while it grows.</summary>
public interface IOnlinePlan
{
    /// <summary>Most tokens that the dense tail holds between steps, once the cache is compressed.</summary>
    int TailTokens { get; }

    /// <summary>Last tokens of a prompt whose raw keys and values are wanted when it goes on.</summary>
    int PromptTokens { get; }

    /// <summary>Most slots of a head, dense tokens included, after so many tokens.</summary>
    long MostSlots(long seen);

    /// <summary>As <see cref="MostSlots(long)"/>, where a head of a compressed prompt may have held more from the start: heads with budgets of their own, short prompts that stay as they are.</summary>
    /// <param name="seen">Tokens so far.</param>
    /// <param name="slotsAtStart">Slots of the longest head of the prompt.</param>
    /// <param name="seenAtStart">Tokens of the prompt.</param>
    long MostSlots(long seen, int slotsAtStart, long seenAtStart) => MostSlots(seen) + Math.Max(0, slotsAtStart - (MostSlots(seenAtStart) - MostSlots(0)));
}

/// <summary>One layer of a cache while tokens arrive: what the method remembers of it.</summary>
public interface IOnlineLayer : IDisposable
{
    /// <summary>Bytes that are kept beyond prefix and tail.</summary>
    long Bytes { get; }

    /// <summary>What is remembered of the slots of one head, or null where the method remembers nothing of them.</summary>
    Evicting.SlotSums? Sums(int sample, int head) => null;

    /// <summary>Compresses what the step made ready. The new tokens stand at the end of the tail.</summary>
    void OnStep(OnlineStep step);

    /// <summary>Slots of a head, dense tokens included, after some tokens: by the plan, whatever the cache holds.</summary>
    /// <param name="sample">The sample.</param>
    /// <param name="head">KV head.</param>
    /// <param name="arrived">Tokens since <see cref="IOnlineCompressor.Begin"/>.</param>
    long PlannedSlots(int sample, int head, long arrived);
}
