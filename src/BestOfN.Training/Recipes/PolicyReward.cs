namespace BestOfN.Training.Recipes;

/// <summary>Where the reward comes from.</summary>
public sealed record PolicyReward
{
    internal const string OfModel = "model";
    internal const string OfVerifier = "verifier";
    internal const string Shuffled = "shuffled";

    /// <summary><c>model</c>; for controls <c>verifier</c> (1 for a correct answer of a world, else 0) or <c>shuffled</c> (the model's
    /// scores in an order without meaning).</summary>
    public string Kind { get; init; } = OfModel;

    /// <summary>Folder of the reward model; it also scores what is measured on held-out prompts. Null: there is a
    /// <see cref="Server"/>.</summary>
    public string? Model { get; init; }

    /// <summary>A server in place of <see cref="Model"/>.</summary>
    public PolicyRewardServer? Server { get; init; }

    internal void Check(RecipeMistakes mistakes, bool hasChecker, bool hasImages)
    {
        mistakes.Expect(
            Model is null != Server is null, "reward", "either model or server", Model is null ? "neither" : "both");
        if (Model is not null)
        {
            mistakes.Folder("reward.model", PolicyRecipe.Folder(Model), Model);
        }

        Server?.Check(mistakes, hasImages);
        mistakes.Expect(Kind is OfModel or OfVerifier or Shuffled, "reward.kind", "model, verifier or shuffled", Kind);
        mistakes.Expect(Kind is not OfVerifier || hasChecker, "reward.kind", "model, for only worlds can verify", Kind);
    }
}
