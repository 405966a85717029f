using System.Text.Json.Serialization;
using BestOfN.Data.Preferences;

namespace BestOfN.Training.Recipes;

/// <summary>A published vision-language model trained to be a reward model: pairs in the released format in, a model folder out.</summary>
/// <remarks>
/// After Zang et al. 2025, InternLM-XComposer2.5-Reward (https://arxiv.org/abs/2501.12368), and its released training code. Vision encoder,
/// projector and separators stay as they are; the language model (or low-rank changes of it) and the score are trained.
/// </remarks>
public sealed record PreferenceRecipe : Recipe
{
    /// <summary>Its <see cref="Recipe.Kind"/>.</summary>
    public const string Name = "preference";

    /// <summary>What the released training says of the schedule, and the defaults of a recipe file.</summary>
    public static Schedule PublishedSchedule { get; } = new()
    {
        Epochs = 1, Batch = 256, LearningRate = 1e-5, Warmup = 0.01, FinalShare = 0, WeightDecay = 0.1, Beta2 = 0.95, GradientNorm = 1,
        CheckpointEvery = 100,
    };

    /// <summary>
    /// Folder of InternLM-XComposer2.5 or of a reward model made of it; relative to the working directory, as all paths of a recipe.
    /// </summary>
    public required string Base { get; init; }

    /// <summary><c>cpu</c> or <c>cuda</c>.</summary>
    public string Device { get; init; } = "cpu";

    /// <summary>
    /// <c>auto</c>, <c>float32</c> or <c>bfloat16</c>: the type that the network computes in. Trained weights are kept in float32.
    /// </summary>
    public string Type { get; init; } = "bfloat16";

    /// <summary>Pairs to learn from.</summary>
    public required IReadOnlyList<DataSource> Data { get; init; }

    /// <summary>Pairs that are measured at checkpoints and never learned from.</summary>
    public required IReadOnlyList<DataSource> HeldOut { get; init; }

    /// <summary>Most pairs of <see cref="HeldOut"/> that are measured.</summary>
    public int HeldOutPairs { get; init; } = 256;

    public PairFilters Filters { get; init; } = new();

    /// <summary>Pairs with images drawn for every pair without, where there are both.</summary>
    public int PicturePairsPerTextPair { get; init; } = 2;

    /// <summary>
    /// Longest sequence in tokens, images included. A longer pair is left out: cut, it would lose the token whose reward is read.
    /// </summary>
    public int MaxLength { get; init; } = 8192;

    /// <summary>Most tiles of an image (hd_num) where a conversation has one; with several it is 6, as published.</summary>
    public int HdNum { get; init; } = 9;

    /// <summary>Null: the whole language model is trained.</summary>
    public LowRankAdaptation? Lora { get; init; }

    /// <summary>Pairs that go through the network together; the gradients of a step's batch are accumulated over such parts.</summary>
    public int PairsAtOnce { get; init; } = 1;

    /// <summary>Keeps only the input of every layer and computes the rest once more on the way back.</summary>
    /// <remarks>It takes the memory of one layer instead of all, for a third more time.</remarks>
    public bool GradientCheckpointing { get; init; } = true;

    [JsonObjectCreationHandling(JsonObjectCreationHandling.Populate)]
    public Schedule Training { get; init; } = PublishedSchedule with { };

    private protected override void Check(RecipeMistakes mistakes)
    {
        mistakes.Expect(Device is "cpu" or "cuda", "device", "cpu or cuda", Device);
        mistakes.Expect(Type is "auto" or "float32" or "bfloat16", "type", "auto, float32 or bfloat16", Type);
        mistakes.Expect(HeldOutPairs > 0, "held_out_pairs", "at least 1", HeldOutPairs);
        mistakes.Expect(PicturePairsPerTextPair > 0, "picture_pairs_per_text_pair", "at least 1", PicturePairsPerTextPair);
        mistakes.Expect(MaxLength > 0, "max_length", "at least 1 token", MaxLength);
        mistakes.Expect(HdNum is > 0 and <= 1024, "hd_num", "1..1024 tiles", HdNum);
        mistakes.Expect(Filters.MaxLengthRatio is null or >= 1, "filters.max_length_ratio", "at least 1, or null", Filters.MaxLengthRatio);
        mistakes.Expect(PairsAtOnce > 0, "pairs_at_once", "at least 1", PairsAtOnce);
        Lora?.Check(mistakes, "lora");
        Training.Check(mistakes, "training", needsSteps: false);
        mistakes.Folder("base", Base);
        CheckData(mistakes, "data", Data);
        CheckData(mistakes, "held_out", HeldOut);
    }

    private static void CheckData(RecipeMistakes mistakes, string field, IReadOnlyList<DataSource> sources)
    {
        mistakes.Expect(sources.Count > 0, field, "at least one data set", "none");
        foreach (var (i, source) in sources.Index())
        {
            mistakes.File($"{field}[{i}].path", source.Path);
            if (source.Images is { } images)
            {
                mistakes.Folder($"{field}[{i}].images", images);
            }
        }
    }
}
