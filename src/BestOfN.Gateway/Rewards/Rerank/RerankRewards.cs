using System.Text.Json;
using BestOfN.Core.Prompts;
using BestOfN.Core.Rewards;
using BestOfN.Gateway.Configuration;
using BestOfN.Gateway.Errors;
using BestOfN.Gateway.Selection.Fields;

namespace BestOfN.Gateway.Rewards.Rerank;

/// <summary>
/// The rerank routes of Cohere, Jina and vLLM: one answer that serves all three, since clients ignore what they do not know.
/// </summary>
/// <remarks>A document is judged as an answer to the query, not as a passage about it.</remarks>
internal static class RerankRewards
{
    /// <summary>An error has a field for each of the clients: <c>message</c> (Cohere), <c>detail</c> (Jina), <c>error</c> (vLLM).</summary>
    public static readonly RewardDialect Dialect = new(RewardDialectNames.Rerank, StatusOf, WriteError);

    /// <param name="exchange">The request.</param>
    /// <param name="isSecondVersion">Whether it came to <c>/v2/rerank</c>.</param>
    public static RewardCall Read(RewardExchange exchange, bool isSecondVersion = false) =>
        exchange.Read(request => Read(request, exchange, isSecondVersion));

    public static RewardCall Read(RequestObject request, RewardExchange exchange, bool isSecondVersion = false)
    {
        var documents = RerankedDocuments.Read(request, exchange.Body);
        var limit = LimitOf(request, exchange);
        var usesActivation = request.Boolean("use_activation") ?? request.Boolean("activation") ?? true;
        var returnsDocuments = request.Boolean("return_documents") ?? !isSecondVersion;
        return new RewardCall
        {
            Model = request.Text("model"),
            Inputs = documents.Inputs,
            Limit = limit,
            LimitField = request.Has("truncate_prompt_tokens") ? "truncate_prompt_tokens" : null,
            Reply = results => RewardReply.Of(json =>
            {
                json.WriteStartObject();
                json.WriteString("id"u8, $"rerank-{results.Id}");
                json.WriteString("model"u8, results.Model);
                json.WriteStartObject("usage"u8);
                json.WriteNumber("prompt_tokens"u8, results.Tokens);
                json.WriteNumber("total_tokens"u8, results.Tokens);
                json.WriteEndObject();
                json.WriteStartArray("results"u8);
                foreach (var index in results.Ranked().Take(documents.Top))
                {
                    json.WriteStartObject();
                    json.WriteNumber("index"u8, index);
                    if (returnsDocuments)
                    {
                        documents.WriteVllm(json, index);
                    }

                    json.WriteNumber("relevance_score"u8, results.Of(index, usesActivation));
                    json.WriteEndObject();
                }

                json.WriteEndArray();
                if (isSecondVersion)
                {
                    WriteMeta(json);
                }

                json.WriteEndObject();
            }),
        };
    }

    private static InputLimit LimitOf(RequestObject request, RewardExchange exchange)
    {
        var most = request.Integer("truncate_prompt_tokens", -1, int.MaxValue);
        return most is not null ? new(most == -1 ? null : most, Cuts: true)
            : request.Boolean("truncation") ?? false ? new(Cuts: true)
            : exchange.DefaultLimit;
    }

    private static void WriteMeta(Utf8JsonWriter json)
    {
        json.WriteStartObject("meta"u8);
        json.WriteStartObject("api_version"u8);
        json.WriteString("version"u8, "2");
        json.WriteEndObject();
        json.WriteStartObject("billed_units"u8);
        json.WriteNumber("search_units"u8, 1);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static int StatusOf(ErrorDescription description) =>
        description.Error.Code is "overloaded" ? StatusCodes.Status429TooManyRequests : description.StatusCode;

    private static void WriteError(Utf8JsonWriter json, ErrorDescription description, int status)
    {
        json.WriteStartObject();
        json.WriteString("id"u8, Guid.NewGuid().ToString());
        json.WriteString("message"u8, description.Error.Message);
        json.WriteString("detail"u8, description.Error.Message);
        json.WriteStartObject("error"u8);
        json.WriteString("message"u8, description.Error.Message);
        json.WriteString("type"u8, description.Error.Type);
        json.WriteString("param"u8, description.Error.Param);
        json.WriteNumber("code"u8, status);
        json.WriteEndObject();
        json.WriteEndObject();
    }
}
