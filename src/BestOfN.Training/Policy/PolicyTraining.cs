using BestOfN.Core.Rewards;
using BestOfN.Inference.Runtime;
using BestOfN.Inference.Scoring;
using BestOfN.Inference.Weights;
using BestOfN.Inputs.Files;
using BestOfN.Training.Loops;
using BestOfN.Training.Recipes;
using static TorchSharp.torch;

namespace BestOfN.Training.Policy;

/// <summary>Trains a policy by a recipe: from a model folder, with the reward of its own answers, to a model folder.</summary>
internal sealed class PolicyTraining(PolicyRecipe recipe, string stateFolder)
{
    public TrainingHistory Run(IProgress<TrainingProgress>? progress, CancellationToken cancellationToken)
    {
        var identity = RecipeFile.Fingerprint(new
        {
            recipe = recipe with { Reward = recipe.Reward with { Server = recipe.Reward.Server?.WithoutPlace() } },
            Policy = FolderDigest.Of(recipe.PolicyFolder, cancellationToken: cancellationToken),
            Judge = recipe.Reward.Model is { } folder ? FolderDigest.Of(PolicyRecipe.Folder(folder), cancellationToken: cancellationToken)
                : null,
        });
        IPromptSource prompts = recipe.Worlds.Count > 0
            ? new WorldPrompts(recipe.Worlds, recipe.Seed)
            : new DataPrompts(recipe.Data, recipe.HeldOut, recipe.Seed, cancellationToken);
        using var policy = PolicyNetwork.Load(recipe.PolicyFolder, recipe, isTrained: true);
        using var reference = PolicyNetwork.Load(recipe.PolicyFolder, recipe, isTrained: false);
        using var critic = LoadCritic(policy);
        using var worker = new DeviceWorker(device(recipe.Device));
        using var server = recipe.Reward.Server?.Open();
        using var judge = recipe.Reward.Model is { } model ? ScoringEngine.Load(
            "reward", PolicyRecipe.Folder(model), ComputeTypes.Of("auto", worker.Device), worker,
            new ScoringOptions { QueueLength = 65_536, PromptCacheBytes = 0 }) : null;
        var scorer = new ModelScorer(judge ?? (IRewardModel)server!);
        var sampler = new RolloutSampler(policy, recipe.PolicyFolder, recipe.MaxNewTokens);
        using var optimizer = new PolicyOptimizer(recipe, policy, critic);
        var measurement = new HeldOutMeasurement(
            recipe, prompts, sampler, scorer, Path.Combine(stateFolder, "answers.jsonl"));
        RunMemory? memory = null;
        Dictionary<string, double> Measure(CancellationToken token)
        {
            var measured = measurement.Measure(token);
            if (memory!.AddMeasurement(measured))
            {
                Keep(policy, memory.Steps);
            }

            return memory.WithStart(measured);
        }

        var log = new StepLog(Path.Combine(stateFolder, "steps.jsonl"));
        var step = new PolicyStep(
            recipe, policy, reference, critic, optimizer, prompts, sampler, Signal(scorer), log, token => Measure(token));
        memory = step.Progress;
        var history = new TrainingLoop("policy", recipe.Training, optimizer, step, stateFolder).Run(
            RecipeFile.Fingerprint(new { identity, prompts.Digest }), (_, token) => Measure(token), progress, cancellationToken);

        Restore(policy, recipe.Publish == "best" ? memory.BestStep : null);
        WholeFolder.Write(recipe.Output, folder => PolicyModelFiles.Write(policy, folder, recipe.HdNum, cancellationToken));
        return history;
    }

    private PolicyNetwork? LoadCritic(PolicyNetwork policy)
    {
        if (recipe.Critic is not { } options)
        {
            return null;
        }

        var folder = PolicyRecipe.Folder(options.Model);
        var critic = PolicyNetwork.Load(folder, recipe, isTrained: true, isCritic: true);
        if (critic.Configuration.VocabularySize == policy.Configuration.VocabularySize)
        {
            return critic;
        }

        using (critic)
        {
            throw new CheckpointException(
                $"{folder}: critic: expected the policy's vocabulary of {policy.Configuration.VocabularySize} tokens, "
                + $"found {critic.Configuration.VocabularySize}.");
        }
    }

    private IAnswerScorer Signal(ModelScorer scorer) => recipe.Reward.Kind switch
    {
        PolicyReward.OfVerifier => new VerifierScorer(),
        PolicyReward.Shuffled => new ShuffledScorer(scorer, recipe.Seed),
        _ => scorer,
    };

    private string Best(int steps) => Path.Combine(stateFolder, $"best-{steps:D7}.safetensors");

    // The file before stays: a training that is killed now goes on from a state that names it.
    private void Keep(PolicyNetwork policy, int steps)
    {
        Directory.CreateDirectory(stateFolder);
        SafetensorsWriter.Write(Best(steps), policy.Trainable, ScalarType.Float32);
        foreach (var old in Directory.EnumerateFiles(stateFolder, "best-*.safetensors").OrderDescending(StringComparer.Ordinal).Skip(2))
        {
            File.Delete(old);
        }
    }

    private void Restore(PolicyNetwork policy, int? steps)
    {
        if (steps is not { } best)
        {
            return;
        }

        using var file = SafetensorsFile.Open(Best(best));
        using var guard = no_grad();
        foreach (var (name, weight) in policy.Trainable)
        {
            using var value = file.Map(file.Tensors[name]);
            weight.copy_(value);
        }
    }
}
