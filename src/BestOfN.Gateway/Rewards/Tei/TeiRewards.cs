using System.Globalization;
using System.Text.Json;
using BestOfN.Core.Prompts;
using BestOfN.Core.Rewards;
using BestOfN.Gateway.Configuration;
using BestOfN.Gateway.Errors;
using BestOfN.Gateway.Rewards.Rerank;
using BestOfN.Gateway.Selection.Fields;

namespace BestOfN.Gateway.Rewards.Tei;

/// <summary>Hugging Face's text-embeddings-inference: <c>/predict</c> and <c>/rerank</c>.</summary>
internal static class TeiRewards
{
    /// <summary>Errors have a word for their kind; a key that is wrong is told by the status alone.</summary>
    public static readonly RewardDialect Dialect = new(RewardDialectNames.Tei, StatusOf, WriteError)
    {
        IsSilent = status => status is StatusCodes.Status401Unauthorized,
    };

    public static RewardCall ReadPredict(RewardExchange exchange) => exchange.Read(request => ReadPredict(request, exchange));

    public static RewardCall ReadPredict(RequestObject request, RewardExchange exchange)
    {
        var (inputs, isSingle, characters) = PredictedInputs.Read(request);
        CheckCount(inputs.Count, exchange.Options);
        var squashes = !(request.Boolean("raw_scores") ?? false);
        return new RewardCall
        {
            Inputs = inputs,
            Limit = LimitOf(request, exchange),
            Reply = results => Reply(results, characters, json =>
            {
                if (isSingle)
                {
                    WriteLabels(json, results, 0, squashes);
                    return;
                }

                json.WriteStartArray();
                for (var i = 0; i < results.Rewards.Count; i++)
                {
                    WriteLabels(json, results, i, squashes);
                }

                json.WriteEndArray();
            }),
        };
    }

    /// <summary><c>/rerank</c> is vLLM's, too: TEI's clients send <c>texts</c>.</summary>
    public static RewardCall ReadRerank(RewardExchange exchange) => exchange.Read(request =>
    {
        if (request.Has("texts"))
        {
            exchange.Speak(Dialect);
            return ReadRerank(request, exchange);
        }

        exchange.Speak(RerankRewards.Dialect);
        return RerankRewards.Read(request, exchange);
    });

    public static RewardCall ReadRerank(RequestObject request, RewardExchange exchange)
    {
        var texts = request.Texts("texts");
        if (texts.Count == 0)
        {
            throw InputFields.Empty("texts");
        }

        CheckCount(texts.Count, exchange.Options);
        var query = request.RequiredText("query");
        var prompt = MessageFields.Question([new TextPart(query)]);
        var squashes = !(request.Boolean("raw_scores") ?? false);
        var returnsText = request.Boolean("return_text") ?? false;
        return new RewardCall
        {
            Inputs = [.. texts.Select((text, i) => MessageFields.Pair(prompt, [new TextPart(text)], $"texts[{i}]"))],
            Limit = LimitOf(request, exchange),
            Reply = results => Reply(results, texts.Sum(text => CharactersOf(text) + CharactersOf(query)), json =>
            {
                json.WriteStartArray();
                foreach (var index in results.Ranked())
                {
                    json.WriteStartObject();
                    json.WriteNumber("index"u8, index);
                    if (returnsText)
                    {
                        json.WriteString("text"u8, texts[index]);
                    }

                    json.WriteNumber("score"u8, results.Of(index, squashes));
                    json.WriteEndObject();
                }

                json.WriteEndArray();
            }),
        };
    }

    /// <summary>Unicode characters, as TEI counts them.</summary>
    public static int CharactersOf(string text) => text.EnumerateRunes().Count();

    private static void CheckCount(int count, RewardServerOptions options)
    {
        if (count > options.TeiMaxClientBatchSize)
        {
            throw ApiException.Invalid($"batch size {count} > maximum allowed batch size {options.TeiMaxClientBatchSize}",
                code: "batch_too_large");
        }
    }

    private static InputLimit LimitOf(RequestObject request, RewardExchange exchange)
    {
        var direction = request.Text("truncation_direction");
        var keepsEnd = direction?.ToUpperInvariant() switch
        {
            null or "RIGHT" => false,
            "LEFT" => true,
            _ => throw ApiException.Invalid(
                $"'truncation_direction' must be Left or Right, but is '{direction}'.", "truncation_direction", "invalid_value"),
        };
        return new(Cuts: request.Boolean("truncate") ?? exchange.Options.AutoTruncate, KeepsEnd: keepsEnd);
    }

    private static void WriteLabels(Utf8JsonWriter json, RewardResults results, int index, bool squashes)
    {
        json.WriteStartArray();
        json.WriteStartObject();
        json.WriteNumber("score"u8, results.Of(index, squashes));
        json.WriteString("label"u8, results.Label);
        json.WriteEndObject();
        json.WriteEndArray();
    }

    private static RewardReply Reply(RewardResults results, int characters, Action<Utf8JsonWriter> write)
    {
        static string Milliseconds(TimeSpan time) => ((long)time.TotalMilliseconds).ToString(CultureInfo.InvariantCulture);
        return RewardReply.Of(write) with
        {
            Headers =
            [
                ("x-compute-type", results.IsOnGpu ? "gpu" : "cpu"),
                ("x-compute-time", Milliseconds(results.Elapsed)),
                ("x-compute-characters", characters.ToString(CultureInfo.InvariantCulture)),
                ("x-compute-tokens", results.Tokens.ToString(CultureInfo.InvariantCulture)),
                ("x-total-time", Milliseconds(results.Elapsed)),

                // Inputs are encoded where they are scored: what is known here is the reading of the request.
                ("x-tokenization-time", Milliseconds(results.Reading)),
                ("x-queue-time", "0"),
                ("x-inference-time", Milliseconds(results.Elapsed - results.Reading)),
            ],
        };
    }

    private static string TypeOf(ErrorDescription description) => description switch
    {
        { Error.Code: "empty" } => "Empty",
        { Error.Code: "overloaded" } => "Overloaded",
        { StatusCode: StatusCodes.Status429TooManyRequests } => "Overloaded",
        { StatusCode: StatusCodes.Status503ServiceUnavailable } => "Unhealthy",
        { StatusCode: >= 500 } => "Backend",
        _ => "Validation",
    };

    private static int StatusOf(ErrorDescription description) => (TypeOf(description), description.StatusCode) switch
    {
        ("Empty", _) => StatusCodes.Status400BadRequest,
        ("Overloaded", _) => StatusCodes.Status429TooManyRequests,
        ("Unhealthy", _) => StatusCodes.Status503ServiceUnavailable,
        ("Backend", _) => StatusCodes.Status424FailedDependency,
        (_, StatusCodes.Status400BadRequest) => StatusCodes.Status422UnprocessableEntity,
        var (_, status) => status,
    };

    private static void WriteError(Utf8JsonWriter json, ErrorDescription description, int status)
    {
        json.WriteStartObject();
        json.WriteString("error"u8, description.Error.Message);
        json.WriteString("error_type"u8, TypeOf(description));
        json.WriteEndObject();
    }
}
