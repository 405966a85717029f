using BestOfN.Data.Worlds;
using BestOfN.Training.Recipes;

namespace BestOfN.Training.Tests.Policy;

/// <summary>A short training of the pocket generator that comes with the product.</summary>
internal static class PocketPolicy
{
    public static string Model(string name) => Path.Combine(AppContext.BaseDirectory, "config", "models", name);

    public static PolicyRecipe Recipe(TemporaryFolder folder, string method) => new()
    {
        Policy = Model("pocket-generator"),
        Reward = new PolicyReward { Model = Model("pocket-reward") },
        Worlds = [PocketWorlds.Text],
        Seed = 5,
        Method = method,
        Answers = 4,
        MaxNewTokens = 24,
        Critic = method == PolicyRecipe.Ppo ? new PolicyCritic { Model = Model("pocket-reward"), LearningRate = 1e-4 } : null,
        HeldOutPrompts = 3,
        Publish = "last",
        Training = new Schedule
        {
            Steps = 3, Batch = 4, LearningRate = 1e-3, FinalShare = 1, Beta2 = 0.95, CheckpointEvery = 3,
        },
        Output = Path.Combine(folder.Path, "policy"),
    };
}
