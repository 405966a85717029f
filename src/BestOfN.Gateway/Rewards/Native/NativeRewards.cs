using System.Text.Json;
using BestOfN.Core.Prompts;
using BestOfN.Core.Rewards;
using BestOfN.Gateway.Configuration;
using BestOfN.Gateway.Errors;
using BestOfN.Gateway.Selection.Fields;

namespace BestOfN.Gateway.Rewards.Native;

/// <summary>The gateway's own route: one prompt with many answers, whose computation they share, or conversations.</summary>
internal static class NativeRewards
{
    public static readonly RewardDialect Dialect = new(RewardDialectNames.Native);

    public static RewardCall Read(RewardExchange exchange) => exchange.Read(request =>
    {
        var inputs = Inputs(request, exchange.Body);
        var isDetailed = request.Text("return") switch
        {
            null or "scores" => false,
            "detail" => true,
            var other => throw ApiException.Invalid($"'return' must be scores or detail, but is '{other}'.", "return", "invalid_value"),
        };
        return new RewardCall
        {
            Model = request.Text("model"),
            Inputs = inputs,
            Limit = exchange.DefaultLimit,
            Reply = results => RewardReply.Of(json => Write(json, results, inputs, isDetailed)),
        };
    });

    private static IReadOnlyList<SentMessages> Inputs(RequestObject request, ReadOnlyMemory<byte> body)
    {
        if (request.TryGet("conversations", out var conversations))
        {
            return request.Has("messages") || request.Has("candidates")
                    ? throw ApiException.Invalid("'conversations' stands alone, without 'messages' and 'candidates'.", "conversations",
                        "invalid_value")
                : conversations.ValueKind is not JsonValueKind.Array
                    ? throw RequestObject.WrongType("conversations", "an array of conversations", conversations)
                : [.. conversations.EnumerateArray().Select((conversation, i) => $"conversations[{i}]" is var path
                    ? MessageFields.Conversation(MessageFields.Read(conversation, path, body), path) : null!)];
        }

        if (!request.TryGet("messages", out var array))
        {
            throw ApiException.Invalid("'messages' or 'conversations' is required.", "messages");
        }

        var messages = MessageFields.Read(array, "messages", body);
        if (!request.TryGet("candidates", out var candidates))
        {
            return [MessageFields.Conversation(messages, "messages")];
        }

        if (candidates.ValueKind is not JsonValueKind.Array)
        {
            throw RequestObject.WrongType("candidates", "an array of answers", candidates);
        }

        if (messages[^1].Role == "assistant")
        {
            throw ApiException.Invalid("'messages' must not end with the assistant's where 'candidates' holds the answers.", "messages",
                "invalid_value");
        }

        var prompt = new Prompt(messages);
        return [.. candidates.EnumerateArray()
            .Select((candidate, i) => new SentMessages(prompt, Answer(candidate, $"candidates[{i}]", body)))];
    }

    private static Answer Answer(JsonElement candidate, string path, ReadOnlyMemory<byte> body) =>
        MessageFields.Answer(new ChatMessage("assistant", MessageFields.Side(candidate, path, body)), path);

    private static void Write(Utf8JsonWriter json, RewardResults results, IReadOnlyList<SentMessages> inputs, bool isDetailed)
    {
        json.WriteStartObject();
        json.WriteString("object"u8, "rewards");
        json.WriteString("model"u8, results.Model);
        json.WriteString("reward_model"u8, results.Judge.Name);
        json.WriteString("weights_sha256"u8, results.Judge.Digest);
        json.WriteStartArray("scores"u8);
        for (var i = 0; i < results.Rewards.Count; i++)
        {
            json.WriteNumberValue(results.Raw(i));
        }

        json.WriteEndArray();
        json.WriteStartArray("ranking"u8);
        foreach (var index in results.Ranked())
        {
            json.WriteNumberValue(index);
        }

        json.WriteEndArray();
        if (isDetailed)
        {
            WriteDetails(json, results);
        }

        WriteUsage(json, results, inputs);
        json.WriteEndObject();
    }

    private static void WriteDetails(Utf8JsonWriter json, RewardResults results)
    {
        json.WriteStartArray("details"u8);
        foreach (var (index, reward) in results.Rewards.Index())
        {
            json.WriteStartObject();
            json.WriteNumber("index"u8, index);
            json.WriteNumber("score"u8, results.Raw(index));
            json.WriteNumber("tokens"u8, reward.Tokens);
            json.WriteBoolean("truncated"u8, reward.IsCut);
            if (reward.Steps.Count > 0)
            {
                json.WriteStartArray("steps"u8);
                foreach (var step in reward.Steps)
                {
                    json.WriteNumberValue((float)step);
                }

                json.WriteEndArray();
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    /// <summary>The tokens of a prompt are counted once for all its answers, as they are computed.</summary>
    private static void WriteUsage(Utf8JsonWriter json, RewardResults results, IReadOnlyList<SentMessages> inputs)
    {
        var prompts = inputs.Zip(results.Rewards).GroupBy(pair => pair.First.Prompt, ReferenceEqualityComparer.Instance)
            .Sum(group => group.First().Second.PromptTokens);
        json.WriteStartObject("usage"u8);
        json.WriteNumber("prompt_tokens"u8, prompts);
        json.WriteNumber("total_tokens"u8, prompts + results.Rewards.Sum(reward => Math.Max(0, reward.Tokens - reward.PromptTokens)));
        json.WriteEndObject();
    }
}
