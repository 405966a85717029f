using System.Text.Json;
using BestOfN.Core.Rewards;

namespace BestOfN.Gateway.Rewards;

/// <summary>Rewards with all that an answer may say of them.</summary>
/// <param name="Model">The reward model as the answer names it: as the request did, else as it is configured.</param>
/// <param name="Judge">The reward model.</param>
/// <param name="Rewards">One for each input.</param>
internal sealed record RewardResults(string Model, IRewardModel Judge, IReadOnlyList<InputReward> Rewards)
{
    /// <summary>When the answer was made.</summary>
    public required DateTimeOffset Time { get; init; }

    /// <summary>A name of this answer alone.</summary>
    public required string Id { get; init; }

    /// <summary>Since the request came.</summary>
    public required TimeSpan Elapsed { get; init; }

    /// <summary>The part of <see cref="Elapsed"/> in which the inputs were read.</summary>
    public required TimeSpan Reading { get; init; }

    /// <summary>Whether the model is computed on a GPU.</summary>
    public required bool IsOnGpu { get; init; }

    public string Label => (Judge as IInputRewardModel)?.Label ?? "LABEL_0";

    public int Tokens => Rewards.Sum(reward => reward.Tokens);

    /// <summary>The reward itself.</summary>
    public float Raw(int index) => (float)(Rewards[index].Score ?? throw new InvalidOperationException($"Input {index} has no reward."));

    /// <summary>A number in 0..1: the sigmoid, where the reward is not a probability already.</summary>
    public float Squashed(int index) => Rewards[index].Steps.Count > 0 ? Raw(index) : Sigmoid(Raw(index));

    public float Of(int index, bool squashes) => squashes ? Squashed(index) : Raw(index);

    /// <summary>Inputs by their rewards, highest first; equal ones in their order.</summary>
    public IEnumerable<int> Ranked() => Enumerable.Range(0, Rewards.Count).Where(i => Rewards[i].Score is not null).OrderByDescending(Raw);

    /// <summary>Writes <c>usage</c> as vLLM does.</summary>
    public void WriteUsage(Utf8JsonWriter json)
    {
        json.WriteStartObject("usage"u8);
        json.WriteNumber("prompt_tokens"u8, Tokens);
        json.WriteNumber("total_tokens"u8, Tokens);
        json.WriteNumber("completion_tokens"u8, 0);
        json.WriteNull("prompt_tokens_details"u8);
        json.WriteEndObject();
    }

    private static float Sigmoid(double x) => (float)(1 / (1 + Math.Exp(-x)));
}
