using BestOfN.Core.Prompts;

namespace BestOfN.Protocols.Rewards;

/// <summary>The protocols by their names in configurations.</summary>
public static class RewardProtocols
{
    private const string DefaultTemplate = "chatml";

    /// <summary>All names.</summary>
    public static IReadOnlyList<string> Names { get; } = ["vllm", "sglang", "openrlhf", "tei", "kserve", "rerank"];

    /// <summary>The protocol of a name.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <param name="template">The chat template by which a conversation becomes one text; null: <c>chatml</c>, and for <c>vllm</c>
    /// messages, which the server writes by its own template.</param>
    /// <param name="model">What the model is called there; KServe has it in the path.</param>
    /// <param name="write">Writes a conversation by a template of a name; the truth value says whether its last turn is complete.</param>
    /// <exception cref="ArgumentException">There is no such protocol.</exception>
    public static IRewardProtocol Of(
        string name, string? template, string? model, Func<string, IReadOnlyList<ChatMessage>, bool, string> write)
    {
        string Render(IReadOnlyList<ChatMessage> messages, bool isComplete) => write(template ?? DefaultTemplate, messages, isComplete);
        return name switch
        {
            "vllm" when template is null => new VllmMessagesProtocol(),
            "vllm" => WrittenTextProtocol.Vllm(Render),
            "sglang" => WrittenTextProtocol.Sglang(Render),
            "openrlhf" => WrittenTextProtocol.OpenRlhf(Render),
            "tei" => WrittenTextProtocol.Tei(Render),
            "kserve" => WrittenTextProtocol.Kserve(Render, model ?? "reward_model"),
            "rerank" => new RerankProtocol(),
            _ => throw new ArgumentException($"There is no protocol '{name}'.", nameof(name)),
        };
    }
}
