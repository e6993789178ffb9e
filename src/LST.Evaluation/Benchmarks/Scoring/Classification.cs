namespace LST.Evaluation.Benchmarks.Scoring;

/// <summary>LongBench's score of a class among classes (benchmarks §3.6).</summary>
public static class Classification
{
    /// <summary>
    /// One over the number of classes that the prediction names, if the right one is among them. Classes that are part of the right one's name are taken out, but the list is walked while it
    /// shrinks, so that the one behind a removed class is passed over, as in the reference.
    /// </summary>
    /// <param name="prediction">What was generated.</param>
    /// <param name="reference">The right class.</param>
    /// <param name="classes">All classes, in the data's order.</param>
    /// <returns>0 to 1.</returns>
    public static double Of(string prediction, string reference, IEnumerable<string> classes)
    {
        List<string> named = [.. classes.Where(name => prediction.Contains(name, StringComparison.Ordinal))];
        for (var k = 0; k < named.Count; k++)
        {
            var name = named[k];
            if (name != reference && reference.Contains(name, StringComparison.Ordinal)) named.Remove(name);
        }
        return named.Contains(reference) ? 1.0 / named.Count : 0;
    }
}
