using BestOfN.Training.Optimizers;
using BestOfN.Training.Recipes;
using static TorchSharp.torch;

namespace BestOfN.Training.Policy;

/// <summary>The optimizer of the policy and, where there is one, of its critic, saved and restored as one. Owns both.</summary>
internal sealed class PolicyOptimizer : IOptimizer
{
    private const string CriticPrefix = "critic.";

    public PolicyOptimizer(PolicyRecipe recipe, PolicyNetwork policy, PolicyNetwork? critic)
    {
        Policy = recipe.Optimizer == "muon"
            ? new Muon(policy.Trainable, recipe.Training.Beta2, recipe.Training.WeightDecay)
            : new AdamW(policy.Trainable, recipe.Training.Beta2, recipe.Training.WeightDecay);
        if (critic is not null)
        {
            Critic = new AdamW(
                [.. critic.Trainable.Select(p => new KeyValuePair<string, Tensor>(CriticPrefix + p.Key, p.Value))],
                recipe.Training.Beta2, recipe.Training.WeightDecay);
        }
    }

    public IOptimizer Policy { get; }

    public IOptimizer? Critic { get; }

    public IReadOnlyList<KeyValuePair<string, Tensor>> Parameters => [.. Policy.Parameters, .. Critic?.Parameters ?? []];

    public int Steps
    {
        get => Policy.Steps;
        set => Policy.Steps = value;
    }

    public IEnumerable<KeyValuePair<string, Tensor>> Moments => Policy.Moments.Concat(Critic?.Moments ?? []);

    public double Step(double learningRate, double gradientNorm) => Policy.Step(learningRate, gradientNorm);

    public void Dispose()
    {
        Policy.Dispose();
        Critic?.Dispose();
    }
}
