using System.Text.Json;
using BestOfN.Core.Prompts;
using BestOfN.Gateway.Configuration;
using BestOfN.Gateway.Errors;
using BestOfN.Gateway.Selection.Fields;

namespace BestOfN.Gateway.Rewards.FreeUrl;

/// <summary>Trainers that post to any address they are given: OpenRLHF, LLaMA-Factory and slime, told apart by their fields.</summary>
internal static class FreeUrlRewards
{
    public static readonly RewardDialect OpenRlhf = new(RewardDialectNames.OpenRlhf);

    public static readonly RewardDialect Slime = new(RewardDialectNames.Slime);

    /// <summary>Its own server is one of FastAPI's, which names an error <c>detail</c>.</summary>
    public static readonly RewardDialect LlamaFactory = new(RewardDialectNames.LlamaFactory, null, (json, error, status) =>
    {
        json.WriteStartObject();
        json.WriteString("detail"u8, status is StatusCodes.Status401Unauthorized ? "Invalid API key." : error.Error.Message);
        json.WriteEndObject();
    });

    public static RewardCall Read(RewardExchange exchange) => exchange.Read(request => Read(request, exchange));

    public static RewardCall Read(RequestObject request, RewardExchange exchange)
    {
        if (request.Has("messages") && !request.Has("query"))
        {
            exchange.Speak(LlamaFactory);
            return ReadLlamaFactory(request, exchange);
        }

        if (request.Has("response") && request.Has("prompt"))
        {
            exchange.Speak(Slime);
            return ReadSlime(request, exchange);
        }

        exchange.Speak(OpenRlhf);
        return ReadOpenRlhf(request, exchange);
    }

    public static RewardCall ReadLlamaFactory(RewardExchange exchange) => exchange.Read(request => ReadLlamaFactory(request, exchange));

    private static RewardCall ReadOpenRlhf(RequestObject request, RewardExchange exchange)
    {
        if (!request.Has("query"))
        {
            throw ApiException.Invalid("'query' is required.", "query");
        }

        var queries = request.Texts("query");
        var images = InputFields.Images(request, "images", queries.Count);
        var squashes = exchange.Options.Scores == "sigmoid";
        return new RewardCall
        {
            Model = request.Text("model"),
            Inputs = [.. queries.Select((query, i) => new WrittenInput(query, $"query[{i}]") { Images = images?[i] })],
            Limit = exchange.DefaultLimit,
            Reply = results => RewardReply.Of(json =>
            {
                json.WriteStartObject();
                WriteList(json, "rewards", results, squashes: false);
                WriteList(json, "scores", results, squashes);
                json.WriteStartObject("extra_logs"u8);
                json.WriteEndObject();
                json.WriteEndObject();
            }),
        };
    }

    private static RewardCall ReadLlamaFactory(RequestObject request, RewardExchange exchange)
    {
        if (!request.TryGet("messages", out var list) || list.ValueKind is not JsonValueKind.Array || list.GetArrayLength() == 0)
        {
            throw ApiException.Invalid("Invalid request: 'messages' must be a list of texts that is not empty.", "messages");
        }

        var texts = request.Texts("messages");
        var images = InputFields.Images(request, "images", texts.Count);
        var most = request.Integer("max_length", 1, int.MaxValue);
        return new RewardCall
        {
            Model = request.Text("model"),
            Inputs = [.. texts.Select((text, i) => new WrittenInput(text, $"messages[{i}]") { Images = images?[i] })],
            Limit = most is null ? exchange.DefaultLimit : new(most, Cuts: true, KeepsEnd: false),
            Reply = results => RewardReply.Of(json =>
            {
                json.WriteStartObject();
                json.WriteString("id"u8, $"scoreval-{results.Id}");
                json.WriteString("object"u8, "score.evaluation");
                json.WriteString("model"u8, results.Model);
                WriteList(json, "scores", results, squashes: false);
                json.WriteEndObject();
            }),
        };
    }

    private static RewardCall ReadSlime(RequestObject request, RewardExchange exchange)
    {
        request.TryGet("prompt", out var prompt);
        var response = request.Text("response")!;
        var images = InputFields.Images(request, "images", 1, isSingle: true)?[0];
        UnreadInput input = prompt.ValueKind switch
        {
            JsonValueKind.String => new WrittenInput(prompt.GetString() + response, "prompt")
            {
                Images = images,
                IsComplete = true,
                Parts = MessageFields.Pair(
                    MessageFields.Question([.. images ?? [], new TextPart(prompt.GetString()!)]), [new TextPart(response)], "response"),
            },
            _ => MessageFields.Conversation(
                [.. MessageFields.Read(prompt, "prompt", exchange.Body), new ChatMessage("assistant", response)], "prompt"),
        };
        return new RewardCall
        {
            Model = request.Text("model"),
            Inputs = [input],
            Limit = exchange.DefaultLimit,
            Reply = results => RewardReply.Of(json =>
            {
                if (exchange.Query["format"] == "object")
                {
                    json.WriteStartObject();
                    json.WriteNumber("reward"u8, results.Raw(0));
                    json.WriteNumber("score"u8, results.Raw(0));
                    json.WriteEndObject();
                }
                else
                {
                    json.WriteNumberValue(results.Raw(0));
                }
            }),
        };
    }

    private static void WriteList(Utf8JsonWriter json, string name, RewardResults results, bool squashes)
    {
        json.WriteStartArray(name);
        for (var i = 0; i < results.Rewards.Count; i++)
        {
            json.WriteNumberValue(results.Of(i, squashes));
        }

        json.WriteEndArray();
    }
}
