using System.Text.Json;
using BestOfN.Core.Prompts;
using BestOfN.Core.Rewards;

namespace BestOfN.Protocols.Rewards;

/// <summary>vLLM's <c>/classify</c> with messages, which the server renders by its own template: one conversation in each call.</summary>
public sealed class VllmMessagesProtocol : IRewardProtocol
{
    public int MaxAnswers => 1;

    public bool TakesImages => true;

    public string Path => "/classify";

    public void Write(Utf8JsonWriter json, string? model, Prompt prompt, IReadOnlyList<Answer> answers)
    {
        ArgumentNullException.ThrowIfNull(json);
        ArgumentNullException.ThrowIfNull(prompt);
        ArgumentNullException.ThrowIfNull(answers);
        json.WriteStartObject();
        if (model is not null)
        {
            json.WriteString("model"u8, model);
        }

        json.WritePropertyName("messages"u8);
        OpenAIMessages.Write(json, prompt.Messages.Append(answers[0].ToMessage()));
        if (!answers[0].IsComplete)
        {
            json.WriteBoolean("continue_final_message"u8, true);
            json.WriteBoolean("add_generation_prompt"u8, false);
        }

        json.WriteBoolean("use_activation"u8, false);
        json.WriteEndObject();
    }

    public IReadOnlyList<double> Read(JsonElement body, int count) =>
        [.. RewardJson.List(RewardJson.Field(body, "data"), "data", count)
            .Select(each => RewardJson.LastNumber(RewardJson.Field(each, "probs"), "probs"))];
}
