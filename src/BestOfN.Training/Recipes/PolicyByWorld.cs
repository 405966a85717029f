namespace BestOfN.Training.Recipes;

/// <summary>Differences of the steps of one world: some abilities are there and need to be used more often, others are to be
/// learned.</summary>
public sealed record PolicyByWorld
{
    /// <summary>The world's name.</summary>
    public required string World { get; init; }

    /// <summary><c>raft</c>, <c>grpo</c> or <c>dpo</c>; null: that of the recipe.</summary>
    public string? Method { get; init; }

    /// <summary>Prompts of a step; null: that of the recipe.</summary>
    public int? Batch { get; init; }

    /// <summary>What becomes of a score; null: as the recipe has it.</summary>
    public PolicyShaping? Shaping { get; init; }

    /// <summary>How the policy is kept near its reference; null: as the recipe has it. Its coefficient stays.</summary>
    public PolicyKl? Kl { get; init; }

    internal void Check(RecipeMistakes mistakes, string field, PolicyRecipe recipe)
    {
        mistakes.Expect(recipe.Worlds.Contains(World), $"{field}.world", "one of worlds", World);
        mistakes.Expect(
            Method is null
                || (Method is PolicyRecipe.Raft or PolicyRecipe.Grpo or PolicyRecipe.Dpo && recipe.Method is not PolicyRecipe.Ppo),
            $"{field}.method", "raft, grpo or dpo, and none where the method of the recipe is ppo", Method);
        Shaping?.Check(mistakes, $"{field}.shaping");
        Kl?.Check(mistakes, $"{field}.kl");
        mistakes.Expect(Kl?.Target is null, $"{field}.kl.target", "nothing", Kl?.Target);
        mistakes.Expect(Batch is null || Batch >= recipe.Minibatches, $"{field}.batch", "at least minibatches", Batch);
    }
}
