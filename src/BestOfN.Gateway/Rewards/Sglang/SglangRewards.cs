using System.Text.Json;
using BestOfN.Gateway.Configuration;
using BestOfN.Gateway.Errors;
using BestOfN.Gateway.Rewards.Rerank;
using BestOfN.Gateway.Rewards.Vllm;
using BestOfN.Gateway.Selection.Fields;

namespace BestOfN.Gateway.Rewards.Sglang;

/// <summary>
/// SGLang's own routes: <c>/classify</c>, the older <c>/judge</c>, and its forms of <c>/v1/embeddings</c> and <c>/v1/rerank</c>.
/// </summary>
internal static class SglangRewards
{
    /// <summary>Releases differ in whether an error is wrapped; clients that read it find it in either place.</summary>
    public static readonly RewardDialect Dialect = new(RewardDialectNames.Sglang, null, WriteError);

    /// <summary><c>/classify</c> is vLLM's, too: the fields tell which is meant.</summary>
    public static RewardCall ReadClassify(RewardExchange exchange) => exchange.Read(request =>
    {
        var isSglang = request.Has("text") || request.Has("input_ids") || request.Has("conv");
        var isVllm = request.Has("input") || request.Has("messages");
        if (isSglang == isVllm)
        {
            throw ApiException.Invalid(
                isVllm ? "Only one of 'text', 'input_ids' and 'conv' (SGLang) or 'input' and 'messages' (vLLM) may be given."
                    : "One of 'text', 'input_ids', 'conv' (SGLang), 'input' or 'messages' (vLLM) is required.",
                isVllm ? "input" : "text");
        }

        if (isVllm)
        {
            exchange.Speak(VllmRewards.Dialect);
            return VllmRewards.ReadClassify(request, exchange);
        }

        exchange.Speak(Dialect);
        return request.Has("conv") ? ReadConversations(request, exchange) : ReadTexts(request, exchange);
    });

    public static RewardCall ReadJudge(RewardExchange exchange) => exchange.Read(request => ReadConversations(request, exchange));

    /// <summary>A reward as an embedding of one number.</summary>
    public static RewardCall ReadEmbeddings(RewardExchange exchange) => exchange.Read(request =>
    {
        if (request.Has("dimensions"))
        {
            throw ApiException.Invalid("'dimensions' is not supported by reward models.", "dimensions", "unsupported_parameter");
        }

        var format = request.Text("encoding_format") ?? "float";
        if (format is not ("float" or "base64"))
        {
            throw ApiException.Invalid($"'encoding_format' must be float or base64, but is '{format}'.", "encoding_format",
                "invalid_value");
        }

        return new RewardCall
        {
            Model = request.Text("model"),
            Inputs = EmbeddedInputs.Read(request, exchange.Body),
            Limit = exchange.DefaultLimit,
            Reply = results => RewardReply.Of(json => WriteEmbeddings(json, results, format is "base64")),
        };
    });

    /// <summary>The rerank routes' list, where the operator or the field <c>instruct</c> asks for it.</summary>
    public static RewardCall ReadV1Rerank(RewardExchange exchange) => exchange.Read(request =>
    {
        if (!request.Has("instruct") && exchange.Options.V1Rerank != "sglang")
        {
            return RerankRewards.Read(request, exchange);
        }

        exchange.Speak(Dialect);
        return ReadRerank(request, exchange);
    });

    /// <summary>With PUT only SGLang's clients call.</summary>
    public static RewardCall ReadPutRerank(RewardExchange exchange) => exchange.Read(request => ReadRerank(request, exchange));

    private static RewardCall ReadRerank(RequestObject request, RewardExchange exchange)
    {
        var documents = RerankedDocuments.Read(request, exchange.Body);
        var returnsDocuments = request.Boolean("return_documents") ?? true;
        return new RewardCall
        {
            Model = request.Text("model"),
            Inputs = documents.Inputs,
            Limit = exchange.DefaultLimit,
            Reply = results => RewardReply.Of(json =>
            {
                json.WriteStartArray();
                foreach (var index in results.Ranked().Take(documents.Top))
                {
                    json.WriteStartObject();
                    json.WriteNumber("score"u8, results.Raw(index));
                    if (returnsDocuments)
                    {
                        json.WritePropertyName("document"u8);
                        json.WriteRawValue(documents.Texts[index] is { } text ? JsonSerializer.Serialize(text) : documents.Sent[index]);
                    }

                    json.WriteNumber("index"u8, index);
                    WriteMeta(json, results, index);
                    json.WriteEndObject();
                }

                json.WriteEndArray();
            }),
        };
    }

    private static RewardCall ReadTexts(RequestObject request, RewardExchange exchange)
    {
        var name = request.Has("text") ? "text" : "input_ids";
        var (inputs, isSingle) = InputFields.Read(request, name, addsSpecialTokens: true, request.Has("image_data") ? "image_data"
            : "images");
        return Call(request, exchange, inputs, isSingle);
    }

    private static RewardCall ReadConversations(RequestObject request, RewardExchange exchange)
    {
        if (!request.TryGet("conv", out var list) || list.ValueKind is not JsonValueKind.Array || list.GetArrayLength() == 0)
        {
            throw ApiException.Invalid("'conv' must be a list of conversations that is not empty.", "conv", "empty");
        }

        // One conversation may come without the list around it.
        var isSingle = list[0].ValueKind is JsonValueKind.Object;
        JsonElement[] conversations = isSingle ? [list] : [.. list.EnumerateArray()];
        var inputs = conversations.Select((conversation, i) => (isSingle ? "conv" : $"conv[{i}]") is var path
            ? MessageFields.Conversation(MessageFields.Read(conversation, path, exchange.Body), path) : null!);
        return Call(request, exchange, [.. inputs], isSingle: false);
    }

    /// <summary>A text that is not in a list is answered by an object that is in none.</summary>
    private static RewardCall Call(RequestObject request, RewardExchange exchange, IReadOnlyList<UnreadInput> inputs, bool isSingle) =>
        new()
    {
        Model = request.Text("model"),
        Inputs = inputs,
        Limit = exchange.DefaultLimit,
        Reply = results => RewardReply.Of(json =>
        {
            if (isSingle)
            {
                WriteReward(json, results, 0);
                return;
            }

            json.WriteStartArray();
            for (var i = 0; i < results.Rewards.Count; i++)
            {
                WriteReward(json, results, i);
            }

            json.WriteEndArray();
        }),
    };

    // One number: some clients read the first and some the last.
    private static void WriteReward(Utf8JsonWriter json, RewardResults results, int index)
    {
        json.WriteStartObject();
        json.WriteStartArray("embedding"u8);
        json.WriteNumberValue(results.Raw(index));
        json.WriteEndArray();
        WriteMeta(json, results, index);
        json.WriteEndObject();
    }

    private static void WriteMeta(Utf8JsonWriter json, RewardResults results, int index)
    {
        json.WriteStartObject("meta_info"u8);
        json.WriteString("id"u8, $"{results.Id}-{index}");
        json.WriteStartObject("finish_reason"u8);
        json.WriteString("type"u8, "length");
        json.WriteNumber("length"u8, 0);
        json.WriteEndObject();
        json.WriteNumber("prompt_tokens"u8, results.Rewards[index].Tokens);
        json.WriteNumber("e2e_latency"u8, results.Elapsed.TotalSeconds);
        json.WriteEndObject();
    }

    private static void WriteEmbeddings(Utf8JsonWriter json, RewardResults results, bool isBase64)
    {
        json.WriteStartObject();
        json.WriteString("object"u8, "list");
        json.WriteStartArray("data"u8);
        for (var i = 0; i < results.Rewards.Count; i++)
        {
            json.WriteStartObject();
            json.WriteString("object"u8, "embedding");
            json.WriteNumber("index"u8, i);
            json.WritePropertyName("embedding"u8);
            if (isBase64)
            {
                json.WriteBase64StringValue(BitConverter.GetBytes(results.Raw(i)));
            }
            else
            {
                json.WriteStartArray();
                json.WriteNumberValue(results.Raw(i));
                json.WriteEndArray();
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteString("model"u8, results.Model);
        results.WriteUsage(json);
        json.WriteEndObject();
    }

    private static void WriteError(Utf8JsonWriter json, ErrorDescription description, int status)
    {
        json.WriteStartObject();
        json.WriteString("object"u8, "error");
        WriteWords(json, description, status);
        json.WriteStartObject("error"u8);
        WriteWords(json, description, status);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteWords(Utf8JsonWriter json, ErrorDescription description, int status)
    {
        json.WriteString("message"u8, description.Error.Message);
        json.WriteString("type"u8, VllmRewards.TypeOf(status));
        json.WriteString("param"u8, description.Error.Param);
        json.WriteNumber("code"u8, status);
    }
}
