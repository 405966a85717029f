using BestOfN.Training.Optimization;

namespace BestOfN.Training.Recipes;

/// <summary>A reward model trained as its paper describes: a language model first, then −log σ(r⁺ − r⁻) on pairs that the generator made.</summary>
public sealed record RewardRecipe
{
    /// <summary>The world's name: <c>pocket-text</c>.</summary>
    public required string World { get; init; }

    /// <summary>Decides weights, problems and samples.</summary>
    public required ulong Seed { get; init; }

    /// <summary>Folder of the generator whose answers are compared; its vocabulary is used too.</summary>
    public required string Generator { get; init; }

    public required DecoderShape Model { get; init; }

    /// <summary>Language modelling of right answers, from which the reward model starts.</summary>
    public required TrainingSchedule Initial { get; init; }

    /// <summary>Layers put on top of the language model before ranking: they compare what it expected at every token with what came.</summary>
    public int ScoreLayers { get; init; } = 2;

    /// <summary>Finding the flaws of guessed answers token by token.</summary>
    public required TrainingSchedule Flaws { get; init; }

    public required PairSampling Pairs { get; init; }

    public required TrainingSchedule Training { get; init; }

    /// <summary>The model folder to write, relative to the working directory.</summary>
    public required string Output { get; init; }
}
