namespace LST.Core.Text;

/// <summary>When the Metaspace pre-tokenizer puts its mark in front of text that does not begin with one.</summary>
internal enum MetaspacePrefix
{
    /// <summary>Always.</summary>
    Always,

    /// <summary>Only at the beginning of the whole text.</summary>
    First,

    /// <summary>Never.</summary>
    Never,
}

/// <summary>Metaspace: spaces become a mark, one is put in front by a rule, and the text may be split before each mark.</summary>
internal sealed class MetaspaceModel(ITokenModel inner, char mark, MetaspacePrefix prefix, bool splits) : ITokenModel
{
    /// <inheritdoc/>
    public void Encode(string text, bool atTextStart, List<int> ids)
    {
        var marked = text.Replace(' ', mark);
        if (marked[0] != mark && (prefix == MetaspacePrefix.Always || (prefix == MetaspacePrefix.First && atTextStart))) marked = mark + marked;
        if (!splits)
        {
            inner.Encode(marked, atTextStart, ids);
            return;
        }
        for (int start = 0, end; start < marked.Length; start = end)
        {
            var next = marked.IndexOf(mark, start + 1);
            end = next < 0 ? marked.Length : next;
            inner.Encode(marked[start..end], atTextStart && start == 0, ids);
        }
    }
}
