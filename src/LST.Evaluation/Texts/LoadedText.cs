namespace LST.Evaluation.Texts;

/// <summary>An evaluation or training text in memory: the exact string and where it came from.</summary>
/// <param name="Name">The text's name (<c>api</c>), or the file's name for a text given by path.</param>
/// <param name="Content">The text; its UTF-8 bytes are the definition.</param>
/// <param name="Sha256">Digest of the UTF-8 bytes of <paramref name="Content"/>, lower-case hex.</param>
/// <param name="Bytes">Length of <paramref name="Content"/> in UTF-8 bytes.</param>
/// <param name="Source">Where it was found, without any path of the machine: <c>shared wikitext-2/wiki.test.raw</c>, <c>package Microsoft.NETCore.App.Ref 10.0.12</c>.</param>
public sealed record LoadedText(string Name, string Content, string Sha256, long Bytes, string Source);
