namespace LST.Core.Models.Checkpoints;

/// <summary>RoPE base and scaling from either form of a Hugging Face config.</summary>
internal static class HuggingFaceRope
{
    private const double DefaultTheta = 10_000;
    private const double MostTheta = 1e12;

    public static (double Theta, Llama3RopeScaling? Scaling) Read(JsonFields config, string source)
    {
        var published = config.NumberOrNull("rope_theta", 1, MostTheta);
        var parameters = config.Child("rope_parameters");
        var scaling = config.Child("rope_scaling");
        if (parameters is not null && scaling is not null)
            throw new ModelFileException($"{source}: RoPE must be described once; found both rope_parameters and rope_scaling; remove one of them.");
        if ((parameters ?? scaling) is not { } rope) return (published ?? DefaultTheta, null);

        var inner = rope.NumberOrNull("rope_theta", 1, MostTheta);
        if (inner is not null && published is not null && inner != published)
            throw new ModelFileException($"{source}: rope_theta must be the same wherever it stands; found {published} and {inner}; remove one of them.");
        if (rope.NumberOrNull("partial_rotary_factor", 0, 1) is { } part && part != 1)
            throw new ModelFileException($"{source}: RoPE must turn whole heads; found partial_rotary_factor {part}; such a model cannot be run here.");
        return (inner ?? published ?? DefaultTheta, Scaling(rope, parameters is not null, source));
    }

    private static Llama3RopeScaling? Scaling(JsonFields rope, bool typeMayBeMissing, string source)
    {
        var type = rope.TextOrNull("rope_type") ?? rope.TextOrNull("type") ?? (typeMayBeMissing ? "default" : throw rope.Missing("rope_type"));
        switch (type)
        {
            case "default":
                return null;
            case "llama3":
                var scaling = new Llama3RopeScaling(
                    rope.Number("factor", 1, 1e6),
                    rope.Number("low_freq_factor", 1e-6, 1e6),
                    rope.Number("high_freq_factor", 1e-6, 1e6),
                    rope.Count("original_max_position_embeddings", 1, 1 << 30));
                if (scaling.HighFreqFactor <= scaling.LowFreqFactor)
                    throw new ModelFileException($"{source}: high_freq_factor must be above low_freq_factor;"
                        + $" found {scaling.HighFreqFactor} and {scaling.LowFreqFactor}; take the model's published config.");
                return scaling;
            default:
                throw new ModelFileException($"{source}: the RoPE type must be default or llama3; found {Shown.Quote(type)}; such a model cannot be run here.");
        }
    }
}
