namespace LST.Evaluation.Perplexity.Streaming;

/// <summary>What one row left of one stream; the line of a journal.</summary>
/// <param name="Nll">Summed NLL of the scored ids, nats.</param>
/// <param name="DenseNll">The same ids under the full cache.</param>
/// <param name="Tokens">Scored ids.</param>
/// <param name="BinNll">Summed NLL by position, nats.</param>
/// <param name="KeptSlots">Slots at the end, all layers and KV heads.</param>
/// <param name="CacheBytes">Bytes at the end: the cache and what the method remembers.</param>
/// <param name="CompressMilliseconds">Time of compression over the stream, the attention that the method looks at included.</param>
/// <param name="DenseMilliseconds">Time of one pass over the stream with the full cache.</param>
public sealed record StreamResult(double Nll, double DenseNll, int Tokens, double[] BinNll, long KeptSlots, long CacheBytes, double CompressMilliseconds, double DenseMilliseconds);
