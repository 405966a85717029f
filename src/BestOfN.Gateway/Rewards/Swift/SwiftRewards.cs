using BestOfN.Gateway.Configuration;

namespace BestOfN.Gateway.Rewards.Swift;

/// <summary>ms-swift: a chat completion whose content is the reward of the last message, a number. It breaks OpenAI's schema.</summary>
internal static class SwiftRewards
{
    public static readonly RewardDialect Dialect = new(RewardDialectNames.Swift);

    public static RewardCall Read(RewardExchange exchange) => exchange.Read(request =>
    {
        request.TryGet("messages", out var messages);
        return new RewardCall
        {
            Model = request.Text("model"),
            Inputs = [MessageFields.Conversation(MessageFields.Read(messages, "messages", exchange.Body), "messages")],
            Limit = exchange.DefaultLimit,
            Reply = results => RewardReply.Of(json =>
            {
                json.WriteStartObject();
                json.WriteString("id"u8, $"chatcmpl-{results.Id}");
                json.WriteString("object"u8, "chat.completion");
                json.WriteNumber("created"u8, results.Time.ToUnixTimeSeconds());
                json.WriteString("model"u8, results.Model);
                json.WriteStartArray("choices"u8);
                json.WriteStartObject();
                json.WriteNumber("index"u8, 0);
                json.WriteStartObject("message"u8);
                json.WriteString("role"u8, "assistant");
                json.WriteNumber("content"u8, results.Raw(0));
                json.WriteNull("tool_calls"u8);
                json.WriteEndObject();
                json.WriteString("finish_reason"u8, "stop");
                json.WriteNull("logprobs"u8);
                json.WriteEndObject();
                json.WriteEndArray();
                json.WriteStartObject("usage"u8);
                json.WriteNumber("prompt_tokens"u8, results.Tokens);
                json.WriteNumber("completion_tokens"u8, 0);
                json.WriteNumber("total_tokens"u8, results.Tokens);
                json.WriteEndObject();
                json.WriteEndObject();
            }),
        };
    });
}
