using LST.Core.Attention.Cpu;

namespace LST.Core.Models.Decoding;

/// <summary>A cache as a decode step sees it: a place for the new token's keys and values, and the slots to attend to.</summary>
internal unsafe interface IDecodeCache
{
    /// <summary>Stores the token that is being decoded, in the cache's own type: float32 keys (rotated) and values, [B, H_kv, D] each.</summary>
    void Append(int layer, float* keys, float* values);

    /// <summary>
    /// Fills a cleared table with the segments of every sample and KV head, in the order b · H_kv + h, the appended token included.
    /// The memory must stay where it is until the layer is done.
    /// </summary>
    void DescribeSegments(int layer, SegmentTable table);
}
