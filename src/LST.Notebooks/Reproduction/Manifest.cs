using System.Text.Json;
using LST.Evaluation.Records;

namespace LST.Notebooks.Reproduction;

/// <summary>What a product was made from, and the files that it is.</summary>
/// <param name="Inputs">Digest of each input by path from the root.</param>
/// <param name="Outputs">Digest of each file of it.</param>
/// <param name="Commit">Commit of the checkout that made it.</param>
/// <param name="Seconds">Time that took.</param>
public sealed record Product(SortedDictionary<string, string> Inputs, SortedDictionary<string, string> Outputs, string Commit, double Seconds);

/// <summary>
/// Products by name in one JSON file, which is replaced as a whole: a reader finds the old list or the new one. Two of them exist: <c>figures/manifest.json</c>, committed, says what the
/// committed figures were made from; the other, which git ignores, says what was made in this checkout.
/// </summary>
public sealed class Manifest
{
    private readonly string path;
    private readonly SortedDictionary<string, Product> products;

    private Manifest(string path, SortedDictionary<string, Product> products) => (this.path, this.products) = (path, products);

    /// <summary>Reads a manifest; one that is absent or cannot be read is empty, and everything is made again.</summary>
    public static Manifest Read(string path)
    {
        try
        {
            if (File.Exists(path) && JsonSerializer.Deserialize<SortedDictionary<string, Product>>(File.ReadAllText(path), RecordJson.Options) is { } read) return new Manifest(path, read);
        }
        catch (JsonException)
        {
            // Written by another version, or by hand.
        }
        return new Manifest(path, new SortedDictionary<string, Product>(StringComparer.Ordinal));
    }

    /// <summary>Names of its products.</summary>
    public IReadOnlyCollection<string> Names => products.Keys;

    /// <summary>A product, or null.</summary>
    public Product? Find(string name) => products.GetValueOrDefault(name);

    /// <summary>Adds or replaces a product, on the disk too.</summary>
    public void Set(string name, Product product)
    {
        products[name] = product;
        AtomicFile.Write(path, RecordJson.Format(products));
    }

    /// <summary>Forgets a product, on the disk too.</summary>
    public void Remove(string name)
    {
        if (products.Remove(name)) AtomicFile.Write(path, RecordJson.Format(products));
    }

    /// <summary>Why a product has to be made (again), a few words; null: its inputs and files are as they were.</summary>
    /// <param name="name">The product.</param>
    /// <param name="digests">The files as they are now.</param>
    /// <param name="notebooks">The notebooks among its inputs, all of them.</param>
    public string? Stale(string name, Digests digests, params IReadOnlyCollection<string> notebooks)
    {
        if (Find(name) is not { } product) return "not made yet";
        foreach (var notebook in notebooks)
            if (!product.Inputs.ContainsKey(notebook)) return $"made without {notebook}";
        foreach (var (input, digest) in product.Inputs)
        {
            if (input.EndsWith(".ipynb", StringComparison.Ordinal) && !notebooks.Contains(input)) return $"made with {input}, which is gone";
            var now = digests.Of(input);
            if ((now ?? "missing") != digest) return now is null ? $"{input} is missing" : $"{input} changed";
        }
        foreach (var (output, digest) in product.Outputs)
            if (digests.Of(output) != digest) return File.Exists(Path.Combine(digests.Root, output)) ? $"{output} is not what was made" : $"{output} is missing";
        return null;
    }
}
