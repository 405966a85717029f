using BestOfN.Inputs.Templates.Written;
using BestOfN.Protocols.Rewards;
using BestOfN.Protocols.Upstreams;

namespace BestOfN.Training.Recipes;

/// <summary>A reward model on another server.</summary>
public sealed record PolicyRewardServer
{
    /// <summary>Its address, before the protocol's path, such as <c>http://localhost:8000</c>.</summary>
    public required string Url { get; init; }

    /// <summary>How it is asked: <c>vllm</c>, <c>sglang</c>, <c>openrlhf</c>, <c>tei</c>, <c>kserve</c> or <c>rerank</c>.
    /// docs/reward-server.md describes them.</summary>
    public string Protocol { get; init; } = "vllm";

    /// <summary>What the model is called there; null: no name is sent.</summary>
    public string? Model { get; init; }

    /// <summary>Chat template by which prompt and answer become one text; null: <c>chatml</c>, and for vllm messages, which the server
    /// writes by its own template.</summary>
    public string? Template { get; init; }

    /// <summary>Environment variable that holds the server's key; null: no key is sent.</summary>
    public string? ApiKeyEnv { get; init; }

    /// <summary>Most calls at the same time.</summary>
    public int Connections { get; init; } = 16;

    /// <summary>Whether the protocol sends images.</summary>
    internal bool TakesImages => ParsedProtocol.TakesImages;

    private IRewardProtocol ParsedProtocol => RewardProtocols.Of(Protocol, Template, Model, WrittenText.Write);

    /// <summary>What decides its scores: a server may move, and a training goes on there.</summary>
    internal PolicyRewardServer WithoutPlace() => this with { Url = "", ApiKeyEnv = null, Connections = 1 };

    /// <summary>The reward model, which the caller owns.</summary>
    internal RewardServer Open() => new(
        new Uri(Url), ParsedProtocol, Model, ApiKeyEnv is null ? null : Environment.GetEnvironmentVariable(ApiKeyEnv), Connections);

    internal void Check(RecipeMistakes mistakes, bool hasImages)
    {
        mistakes.Expect(ServerAddress.TryRead(Url, out _), "reward.server.url", ServerAddress.Expected, Url);
        var isKnown = RewardProtocols.Names.Contains(Protocol);
        mistakes.Expect(isKnown, "reward.server.protocol", string.Join(", ", RewardProtocols.Names), Protocol);
        mistakes.Expect(
            Template is null || (WrittenText.Templates.Contains(Template) && Protocol != "rerank"), "reward.server.template",
            Protocol == "rerank" ? "nothing, for a rerank route is sent question and answers" : string.Join(", ", WrittenText.Templates),
            Template);
        mistakes.Expect(
            ApiKeyEnv is null || !string.IsNullOrEmpty(Environment.GetEnvironmentVariable(ApiKeyEnv)), "reward.server.api_key_env",
            "an environment variable with the server's key", ApiKeyEnv);
        mistakes.Expect(Connections is >= 1 and <= 1024, "reward.server.connections", "1..1024", Connections);
        if (hasImages && isKnown && !TakesImages)
        {
            mistakes.Add($"reward.server.protocol: {(Template is null ? Protocol : $"{Protocol} with a template")} sends no images, which "
                + "the prompts of these worlds have");
        }
    }
}
