using System.Text.Json;
using BestOfN.Core.Prompts;
using BestOfN.Gateway.Configuration;
using BestOfN.Gateway.Errors;
using BestOfN.Gateway.Selection.Fields;

namespace BestOfN.Gateway.Rewards.Vllm;

/// <summary>vLLM's <c>/classify</c> and <c>/score</c>, which trainers and scripts ask for rewards.</summary>
internal static class VllmRewards
{
    /// <summary>Its clients read <c>code</c> as a number.</summary>
    public static readonly RewardDialect Dialect = new(RewardDialectNames.Vllm, null, WriteError);

    /// <param name="exchange">The request.</param>
    /// <param name="alwaysOne">Whether the probability of the only label is 1, as SGLang's softmax has it.</param>
    public static RewardCall ReadClassify(RewardExchange exchange, bool alwaysOne = false) =>
        exchange.Read(request => ReadClassify(request, exchange, alwaysOne));

    public static RewardCall ReadClassify(RequestObject request, RewardExchange exchange, bool alwaysOne = false)
    {
        var fields = VllmFields.Read(request);
        return new RewardCall
        {
            Model = fields.Model,
            Inputs = VllmFields.Inputs(request, exchange.Body),
            Limit = fields.Limit,
            LimitField = VllmFields.LimitField,
            Reply = results => RewardReply.Of(json =>
            {
                fields.WriteHead(json, "classify", results);
                json.WriteStartArray("data"u8);
                for (var i = 0; i < results.Rewards.Count; i++)
                {
                    WriteClass(json, results, i, alwaysOne ? 1 : results.Of(i, fields.UsesActivation));
                }

                json.WriteEndArray();
                results.WriteUsage(json);
                json.WriteEndObject();
            }),
        };
    }

    public static RewardCall ReadScore(RewardExchange exchange) => exchange.Read(request =>
    {
        if (request.Has("label_token_ids") || request.Has("query"))
        {
            throw ApiException.Invalid(
                "'label_token_ids' asks for probabilities of tokens, which a reward model does not have; give 'queries' and 'documents'.",
                request.Has("label_token_ids") ? "label_token_ids" : "query",
                "unsupported_parameter");
        }

        var fields = VllmFields.Read(request);
        return new RewardCall
        {
            Model = fields.Model,
            Inputs = Pairs(request, exchange.Body),
            Limit = fields.Limit,
            LimitField = VllmFields.LimitField,
            Reply = results => RewardReply.Of(json =>
            {
                fields.WriteHead(json, "score", results);
                json.WriteStartArray("data"u8);
                for (var i = 0; i < results.Rewards.Count; i++)
                {
                    json.WriteStartObject();
                    json.WriteNumber("index"u8, i);
                    json.WriteString("object"u8, "score");
                    json.WriteNumber("score"u8, results.Of(i, fields.UsesActivation));
                    json.WriteEndObject();
                }

                json.WriteEndArray();
                results.WriteUsage(json);
                json.WriteEndObject();
            }),
        };
    });

    private static void WriteClass(Utf8JsonWriter json, RewardResults results, int index, float probability)
    {
        json.WriteStartObject();
        json.WriteNumber("index"u8, index);
        json.WriteString("label"u8, results.Label);
        json.WriteStartArray("probs"u8);
        json.WriteNumberValue(probability);
        json.WriteEndArray();
        json.WriteNumber("num_classes"u8, 1);
        json.WriteEndObject();
    }

    /// <summary>One question for all answers, or one for each.</summary>
    private static IReadOnlyList<SentMessages> Pairs(RequestObject request, ReadOnlyMemory<byte> body)
    {
        var (first, second) =
            request.Has("queries") ? ("queries", request.Has("items") ? "items" : "documents")
            : request.Has("data_1") ? ("data_1", "data_2")
            : ("text_1", "text_2");
        var questions = Sides(request, first, body);
        var answers = Sides(request, second, body);
        var system = request.Text("instruction");
        if (questions.Count != 1 && questions.Count != answers.Count)
        {
            throw ApiException.Invalid(
                $"'{first}' has {questions.Count} entries and '{second}' {answers.Count}; there must be one for all, or as many.", first,
                    "invalid_value");
        }

        Prompt[] prompts = [.. questions.Select(question => MessageFields.Question(question, system))];
        return [.. answers.Select((answer, i) =>
            MessageFields.Pair(prompts.Length == 1 ? prompts[0] : prompts[i], answer, $"{second}[{i}]"))];
    }

    private static List<IReadOnlyList<ContentPart>> Sides(RequestObject request, string name, ReadOnlyMemory<byte> body)
    {
        if (!request.TryGet(name, out var value))
        {
            throw ApiException.Invalid($"'{name}' is required.", name);
        }

        return value.ValueKind is not JsonValueKind.Array ? [MessageFields.Side(value, name, body)]
            : value.GetArrayLength() == 0 ? throw InputFields.Empty(name)
            : [.. value.EnumerateArray().Select((side, i) => MessageFields.Side(side, $"{name}[{i}]", body))];
    }

    private static void WriteError(Utf8JsonWriter json, ErrorDescription description, int status)
    {
        json.WriteStartObject();
        json.WriteStartObject("error"u8);
        json.WriteString("message"u8, description.Error.Message);
        json.WriteString("type"u8, TypeOf(status));
        json.WriteString("param"u8, description.Error.Param);
        json.WriteNumber("code"u8, status);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    /// <summary>The word for a status.</summary>
    public static string TypeOf(int status) => status switch
    {
        StatusCodes.Status401Unauthorized => "Unauthorized",
        StatusCodes.Status404NotFound => "NotFoundError",
        < 500 => "BadRequestError",
        StatusCodes.Status503ServiceUnavailable => "ServiceUnavailableError",
        _ => "InternalServerError",
    };
}
