using LST.Core.Tests.Text;
using LST.Core.Text;

namespace LST.Evaluation.Tests.Benchmarks.Recall;

/// <summary>Tokenizers of all kinds, each opened once.</summary>
internal static class RecallTokenizers
{
    private static readonly System.Collections.Concurrent.ConcurrentDictionary<string, ITokenizer> Opened = new();

    public static ITokenizer Open(string kind) => Opened.GetOrAdd(kind, static kind => kind switch
    {
        "lst-ref" => TokenizerFiles.ForFolder(Path.Combine(Shared.RepositoryRoot, "data", "models", "lst-ref")),
        "llama2" => TokenizerFiles.FromFile(Shared.Require("data/tokenizers/llama2/tokenizer.model")),
        "smollm2" => TokenizerFiles.FromGguf(GgufMetadata.Read(Shared.Require("data/models/SmolLM2-135M-Instruct.Q4_1.gguf"))),
        _ => throw new ArgumentException(kind),
    });
}
