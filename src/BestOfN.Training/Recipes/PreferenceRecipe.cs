using System.Text.Json;
using BestOfN.Data.Preferences;
using BestOfN.Inputs.Files;

namespace BestOfN.Training.Recipes;

/// <summary>A published vision-language model trained to judge: pairs in the released format in, a reward folder out.</summary>
/// <remarks>
/// After Zang et al. 2025, InternLM-XComposer2.5-Reward (https://arxiv.org/abs/2501.12368), and its released training code. Vision tower,
/// projector and separators stay as they are; the language model (or low-rank changes of it) and the score are trained.
/// </remarks>
public sealed record PreferenceRecipe
{
    /// <summary>What <see cref="Kind"/> is in such a recipe.</summary>
    public const string Published = "published";

    /// <summary>Tells this recipe from that of a pocket model.</summary>
    public required string Kind { get; init; }

    /// <summary>Folder of InternLM-XComposer2.5 or of a reward model made of it; relative to the working directory, as all paths of a recipe.</summary>
    public required string Base { get; init; }

    /// <summary>Decides fresh weights, dropout and the order of the data.</summary>
    public required ulong Seed { get; init; }

    /// <summary><c>cpu</c> or <c>cuda</c>.</summary>
    public string Device { get; init; } = "cpu";

    /// <summary><c>auto</c>, <c>float32</c> or <c>bfloat16</c>: what the network computes in. What is trained is kept in float32.</summary>
    public string Type { get; init; } = "bfloat16";

    /// <summary>What is learned from.</summary>
    public required IReadOnlyList<DataSource> Data { get; init; }

    /// <summary>What is measured at checkpoints and never learned from.</summary>
    public required IReadOnlyList<DataSource> HeldOut { get; init; }

    /// <summary>Pairs of <see cref="HeldOut"/> that are measured, at most.</summary>
    public int HeldOutPairs { get; init; } = 256;

    public PairFilters Filters { get; init; } = new();

    /// <summary>Pairs with pictures drawn for every pair without, where there are both.</summary>
    public int PicturePairsPerTextPair { get; init; } = 2;

    /// <summary>Longest sequence in tokens, pictures included. A pair that does not fit is left out: cut, it would lose the token that is read.</summary>
    public int MaxLength { get; init; } = 8192;

    /// <summary>Most tiles of a picture (hd_num) where a conversation has one; with several it is 6, as published.</summary>
    public int HdNum { get; init; } = 9;

    /// <summary>Null: the whole language model is trained.</summary>
    public LowRankAdaptation? Lora { get; init; }

    /// <summary>Keeps only the input of every layer and computes the rest once more on the way back: memory of one layer instead of all, for a third more time.</summary>
    public bool GradientCheckpointing { get; init; } = true;

    public required PreferenceSchedule Training { get; init; }

    /// <summary>The model folder to write; it must not exist, or be empty.</summary>
    public required string Output { get; init; }

    /// <summary>True where the file is a recipe of this kind. A file that cannot be read is not.</summary>
    public static bool IsAt(string path)
    {
        try
        {
            using var document = JsonDocument.Parse(
                RegularFile.ReadAllBytes(path, RecipeFile.MaxBytes), new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
            return document.RootElement.ValueKind == JsonValueKind.Object
                && document.RootElement.TryGetProperty("kind", out var kind) && kind.ValueKind == JsonValueKind.String && kind.ValueEquals(Published);
        }
        catch (Exception e) when (e is JsonException or IOException or UnauthorizedAccessException)
        {
            return false;   // whoever loads the recipe says what is wrong with it
        }
    }
}
