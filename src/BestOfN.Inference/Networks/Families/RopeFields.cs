using System.Globalization;
using System.Text.Json;
using BestOfN.Inference.Weights;

namespace BestOfN.Inference.Networks.Families;

/// <summary>How a config.json tells the base of the rotary angles and their scaling, by the rules of transformers 5.</summary>
internal static class RopeFields
{
    // What each kind reads beside its name and rope_theta.
    private static readonly Dictionary<string, string[]> s_kinds = new()
    {
        ["default"] = [],
        ["linear"] = ["factor"],
        ["dynamic"] = ["factor"],
        ["llama3"] = ["factor", "low_freq_factor", "high_freq_factor", "original_max_position_embeddings"],
    };

    /// <exception cref="CheckpointException">A field is impossible, asks for what is not computed, or contradicts another.</exception>
    public static (double Theta, RopeScaling? Scaling) Read(ModelConfiguration c, double? defaultTheta)
    {
        // rope_scaling replaces all of rope_parameters, its theta too.
        var (scaling, parameters) = (Section(c, "rope_scaling"), Section(c, "rope_parameters"));
        var section = scaling ?? parameters;
        var theta = section is not null && section.Has("rope_theta") ? section.Number("rope_theta") : c.Number("rope_theta", defaultTheta);
        if (theta <= 0)
        {
            throw new CheckpointException($"{c.FilePath}: rope_theta: expected a number above 0, found {Text(theta)}.");
        }

        if (scaling is not null && parameters is not null && parameters.Has("rope_theta") && parameters.Number("rope_theta") != theta)
        {
            throw new CheckpointException(
                $"{c.FilePath}: rope_scaling replaces rope_parameters, but leads to a rope_theta of {Text(theta)} instead of "
                    + $"{Text(parameters.Number("rope_theta"))}; "
                + "write rope_theta into rope_scaling.");
        }

        return (theta, section is null ? null : Scaling(c, section));
    }

    // Models with several kinds of layers have a section for each; here all layers are of one kind.
    private static ModelConfiguration? Section(ModelConfiguration c, string field) =>
        c.Section(field) is not { } section || !section.Fields.Any() ? null
        : section.Value("full_attention") is { ValueKind: JsonValueKind.Object } ? section.Section("full_attention")
        : section;

    private static RopeScaling? Scaling(ModelConfiguration c, ModelConfiguration section)
    {
        var (kind, oldName) = (section.Text("rope_type"), section.Text("type"));
        if (kind is not null && oldName is not null && kind != oldName)
        {
            throw new CheckpointException($"{section.FilePath}: rope_type: expected the same as type, {oldName}, found {kind}.");
        }

        kind ??= oldName ?? "default";
        if (!s_kinds.TryGetValue(kind, out var read))
        {
            throw new CheckpointException($"{section.FilePath}: rope_type: expected default, linear, dynamic or llama3, found {kind}.");
        }

        foreach (var (field, value) in section.Fields.Where(f => f.Value.ValueKind != JsonValueKind.Null))
        {
            if (field is not ("rope_type" or "type" or "rope_theta") && !read.Contains(field) && !ChangesNothing(c, field, value))
            {
                throw new CheckpointException(
                    $"{section.FilePath}: {field}: expected no such field for {kind}, found {value.GetRawText()}; it is not computed.");
            }
        }

        return kind switch
        {
            "linear" => new LinearRopeScaling(Factor(section)),
            "dynamic" when !c.Has("max_position_embeddings") => throw new CheckpointException(
                $"{c.FilePath}: max_position_embeddings: expected a number, which dynamic scaling begins at, found nothing."),
            "dynamic" => new DynamicRopeScaling(Factor(section)),
            "llama3" => new Llama3RopeScaling(
                Factor(section),
                section.Number("low_freq_factor"),
                section.Number("high_freq_factor"),
                c.Has("original_max_position_embeddings") ? c.Number("original_max_position_embeddings")
                    : section.Number(
                        "original_max_position_embeddings", c.Has("max_position_embeddings") ? c.Number("max_position_embeddings") : null)),
            _ => null,
        };
    }

    private static bool ChangesNothing(ModelConfiguration c, string field, JsonElement value) =>
        value.ValueKind == JsonValueKind.Number && field switch
    {
        "factor" or "partial_rotary_factor" or "attention_factor" or "mscale" => value.GetDouble() == 1,
        "original_max_position_embeddings" => c.Has("max_position_embeddings") && value.GetDouble() == c.Number("max_position_embeddings"),
        _ => false,
    };

    private static double Factor(ModelConfiguration section) => section.Number("factor") is > 0 and var factor ? factor
        : throw new CheckpointException($"{section.FilePath}: factor: expected a number above 0, found {Text(section.Number("factor"))}.");

    private static string Text(double number) => number.ToString(CultureInfo.InvariantCulture);
}
