namespace LST.Notebooks.Figures;

/// <summary>Pictures of figures in at most 256 colours, which makes them half as large or less. Colours are kept exactly where there are so few; else near ones share their mean.</summary>
internal static class FewColours
{
    private const int Most = 256;

    /// <summary>The same picture with a palette.</summary>
    public static byte[] Of(ReadOnlySpan<byte> png)
    {
        var (width, height, pixels) = PngFile.Read(png);
        var counts = new Dictionary<int, int>();
        foreach (var pixel in pixels) counts[pixel] = counts.GetValueOrDefault(pixel) + 1;
        var groups = Groups(counts);
        var palette = groups.Values.Distinct().Order().ToArray();
        var index = palette.Select((colour, i) => (colour, i)).ToDictionary(entry => entry.colour, entry => (byte)entry.i);
        var indices = new byte[pixels.Length];
        for (var i = 0; i < pixels.Length; i++) indices[i] = index[groups[pixels[i]]];
        return PngFile.Write(width, height, palette, indices);
    }

    // Of each colour that occurs the one that stands for it. Boxes of the colour cube double their side until few enough are left; white and black stay what they are.
    private static Dictionary<int, int> Groups(Dictionary<int, int> counts)
    {
        if (counts.Count <= Most) return counts.Keys.ToDictionary(colour => colour);
        for (var bits = 1; ; bits++)
        {
            var boxes = counts.GroupBy(entry => entry.Key is 0 or 0xFFFFFF ? (-1, entry.Key, 0) : (entry.Key >> 16 >> bits, (entry.Key >> 8 & 255) >> bits, (entry.Key & 255) >> bits)).ToList();
            if (boxes.Count > Most) continue;
            return boxes.SelectMany(box => box.Select(entry => (entry.Key, Mean: Mean(box)))).ToDictionary(entry => entry.Key, entry => entry.Mean);
        }
    }

    private static int Mean(IEnumerable<KeyValuePair<int, int>> box)
    {
        long pixels = 0, red = 0, green = 0, blue = 0;
        foreach (var (colour, count) in box)
        {
            pixels += count;
            red += (long)count * (colour >> 16);
            green += (long)count * (colour >> 8 & 255);
            blue += (long)count * (colour & 255);
        }
        return (int)((red + pixels / 2) / pixels) << 16 | (int)((green + pixels / 2) / pixels) << 8 | (int)((blue + pixels / 2) / pixels);
    }
}
