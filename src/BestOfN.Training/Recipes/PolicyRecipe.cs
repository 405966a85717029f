using System.Text.Json.Serialization;
using BestOfN.Data.Preferences;
using BestOfN.Data.Worlds;

namespace BestOfN.Training.Recipes;

/// <summary>A language model trained with the reward of its own answers as the signal.</summary>
/// <remarks>
/// After Zang et al. 2025, InternLM-XComposer2.5-Reward (https://arxiv.org/abs/2501.12368), the section on reinforcement learning, and the
/// methods that came after it. docs/rl.md describes the fields.
/// </remarks>
public sealed record PolicyRecipe : Recipe
{
    /// <summary>Its <see cref="Recipe.Kind"/>.</summary>
    public const string Name = "policy";

    internal const string Raft = "raft";
    internal const string Grpo = "grpo";
    internal const string Ppo = "ppo";
    internal const string Dpo = "dpo";

    private static readonly string[] s_methods = [Raft, Grpo, Ppo, Dpo];

    /// <summary>Model folder to start from; a frozen copy of it is the reference.</summary>
    /// <remarks>Looked for in the working directory first, then beside the program, as every model folder of this recipe.</remarks>
    public required string Policy { get; init; }

    public required PolicyReward Reward { get; init; }

    /// <summary><c>cpu</c> or <c>cuda</c>.</summary>
    public string Device { get; init; } = "cpu";

    /// <summary><c>auto</c>, <c>float32</c> or <c>bfloat16</c>: the type of products. Trained weights are kept in float32.</summary>
    public string Type { get; init; } = "float32";

    /// <summary>Worlds whose problems are asked; the prompts of one step are of one world, and steps take turns. Empty: there are
    /// <see cref="Data"/>.</summary>
    public IReadOnlyList<string> Worlds { get; init; } = [];

    /// <summary>Worlds whose steps differ from the rest of the recipe, each once.</summary>
    public IReadOnlyList<PolicyByWorld> ByWorld { get; init; } = [];

    /// <summary>Preference data whose prompts are asked; its answers are not read.</summary>
    public IReadOnlyList<DataSource> Data { get; init; } = [];

    /// <summary>Preference data whose prompts measure the policy.</summary>
    public IReadOnlyList<DataSource> HeldOut { get; init; } = [];

    /// <summary>Most tiles of an image; null: what the model's folder says.</summary>
    public int? HdNum { get; init; }

    /// <summary>Whether the vision encoder is trained, too.</summary>
    public bool TrainsVision { get; init; }

    /// <summary>Null: all weights of the decoder are trained.</summary>
    public LowRankAdaptation? Lora { get; init; }

    /// <summary><c>adamw</c>, or <c>muon</c> for models trained by it.</summary>
    public string Optimizer { get; init; } = "adamw";

    /// <summary><c>raft</c> (imitate the best), <c>grpo</c> (group advantages), <c>ppo</c> (a critic), <c>dpo</c> (best, worst).</summary>
    public required string Method { get; init; }

    /// <summary>Answers per prompt.</summary>
    public int Answers { get; init; } = 8;

    /// <summary>Longest answer in tokens, its end included.</summary>
    public int MaxNewTokens { get; init; } = 40;

    /// <summary>Times that a step's answers are gone through, in an order of its own each time.</summary>
    public int Epochs { get; init; } = 1;

    /// <summary>Updates per epoch.</summary>
    public int Minibatches { get; init; } = 1;

    /// <summary>A step's updates end where mean k3 of KL(sampling policy ‖ policy) is 1.5 times this, in nats per token; null: they do
    /// not.</summary>
    public double? UpdateKl { get; init; }

    public PolicyShaping Shaping { get; init; } = new();

    public PolicyKl Kl { get; init; } = new();

    public PolicyRaft RaftOptions { get; init; } = new();

    public PolicyLossOptions Loss { get; init; } = new();

    public PolicyCritic? Critic { get; init; }

    public PolicyPairs Pairs { get; init; } = new();

    public PolicyStop Stop { get; init; } = new();

    /// <summary><see cref="Schedule.Batch"/> is the number of prompts of a step.</summary>
    [JsonObjectCreationHandling(JsonObjectCreationHandling.Populate)]
    public Schedule Training { get; init; } = new() { Warmup = 20, FinalShare = 1, WeightDecay = 0, Beta2 = 0.95, CheckpointEvery = 50 };

    /// <summary>Held-out prompts of each world, or in all, that are answered at every checkpoint.</summary>
    public int HeldOutPrompts { get; init; } = 200;

    /// <summary><c>best</c>: the output has the weights of the best measurement, the start among them. <c>last</c>: those of the last
    /// step.</summary>
    public string Publish { get; init; } = "best";

    internal string PolicyFolder => Folder(Policy);

    internal static string Folder(string name) => Directory.Exists(name) ? name : Path.Combine(AppContext.BaseDirectory, name);

    /// <summary>The recipe of the steps of a world.</summary>
    internal PolicyRecipe In(string world) => ByWorld.FirstOrDefault(w => w.World == world) is not { } different ? this : this with
    {
        Method = different.Method ?? Method, Training = Training with { Batch = different.Batch ?? Training.Batch },
        Shaping = different.Shaping ?? Shaping, Kl = different.Kl ?? Kl,
    };

    private protected override void Check(RecipeMistakes mistakes)
    {
        mistakes.Folder("policy", PolicyFolder, Policy);
        Reward.Check(
            mistakes, hasChecker: Worlds.Count > 0,
            hasImages: Worlds.Any(world => world is PocketWorlds.Image or PocketWorlds.Video));
        mistakes.Expect(Device is "cpu" or "cuda", "device", "cpu or cuda", Device);
        mistakes.Expect(Type is "auto" or "float32" or "bfloat16", "type", "auto, float32 or bfloat16", Type);
        mistakes.Expect(Optimizer is "adamw" or "muon", "optimizer", "adamw or muon", Optimizer);
        mistakes.Expect(s_methods.Contains(Method), "method", "raft, grpo, ppo or dpo", Method);
        mistakes.Expect(Answers >= (Method is Ppo ? 1 : 2), "answers", Method is Ppo ? "at least 1" : "at least 2", Answers);
        mistakes.AtLeast(1, "max_new_tokens", MaxNewTokens);
        mistakes.AtLeast(1, "epochs", Epochs);
        mistakes.Expect(Minibatches >= 1 && Minibatches <= Training.Batch, "minibatches", "1 to the prompts of a step", Minibatches);
        mistakes.Expect(UpdateKl is null or > 0, "update_kl", "a number above 0, or nothing", UpdateKl);
        mistakes.Expect(HdNum is null or (> 0 and <= 1024), "hd_num", "1..1024 tiles", HdNum);
        mistakes.AtLeast(1, "held_out_prompts", HeldOutPrompts);
        mistakes.Expect(Publish is "best" or "last", "publish", "best or last", Publish);
        CheckPrompts(mistakes);
        mistakes.Expect(
            ByWorld.Select(w => w.World).Distinct().Count() == ByWorld.Count, "by_world", "each world once", "one twice");
        foreach (var (i, different) in ByWorld.Index())
        {
            different.Check(mistakes, $"by_world[{i}]", this);
        }

        Lora?.Check(mistakes, "lora");
        mistakes.Expect(Lora is null || !TrainsVision, "trains_vision", "false where lora is given", TrainsVision);
        Shaping.Check(mistakes);
        Kl.Check(mistakes);
        RaftOptions.Check(mistakes);
        foreach (var its in Worlds.Distinct().Select(In).Append(this).Where(r => r.Method == Raft))
        {
            mistakes.Expect(
                !(RaftOptions.MinScore > its.Shaping.ScoreClip), "raft_options.min_score",
                "at most shaping.score_clip, or nothing is imitated", RaftOptions.MinScore);
        }

        Loss.Check(mistakes);
        Pairs.Check(mistakes);
        Stop.Check(mistakes);
        Critic?.Check(mistakes);
        mistakes.Expect(Method is not Ppo || Critic is not null, "critic", "the critic of ppo", null);
        mistakes.Expect(Method is Ppo || Critic is null, "critic", "nothing, for only ppo has one", "a critic");
        Training.Check(mistakes, "training", needsSteps: true);
    }

    private void CheckPrompts(RecipeMistakes mistakes)
    {
        mistakes.Expect(Worlds.Count > 0 != Data.Count > 0, "worlds", "either worlds or data", Worlds.Count > 0 ? "both" : "neither");
        mistakes.Expect(Data.Count == 0 || HeldOut.Count > 0, "held_out", "at least one file beside data", "none");
        foreach (var world in Worlds.Distinct())
        {
            try
            {
                _ = new WorldMixture([world]);
            }
            catch (ArgumentException e)
            {
                mistakes.Add($"worlds: {e.Message.Split(" (Parameter", 2)[0].TrimEnd('.')}");
            }
        }

        foreach (var (name, sources) in new[] { ("data", Data), ("held_out", HeldOut) })
        {
            foreach (var (i, source) in sources.Index())
            {
                mistakes.File($"{name}[{i}].path", source.Path);
            }
        }
    }
}
