using System.Net.ServerSentEvents;
using System.Text.Json.Nodes;

namespace BestOfN.Testing.Schemas;

/// <summary>Holds every body under /v1 against OpenAI's schemas, whatever else a test is about.</summary>
public sealed class SchemaCheckingHandler : DelegatingHandler
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var response = await base.SendAsync(request, cancellationToken);
        var path = request.RequestUri!.AbsolutePath;
        if (OpenAISchemas.Instance is { } schemas && path.StartsWith("/v1", StringComparison.Ordinal))
        {
            await response.Content.LoadIntoBufferAsync(cancellationToken);
            var problems = response.Content.Headers.ContentType?.MediaType is "text/event-stream"
                ? CheckEvents(schemas, path, await response.Content.ReadAsStreamAsync(cancellationToken))
                : schemas.Validate(SchemaOf(path, response.IsSuccessStatusCode),
                    JsonNode.Parse(await response.Content.ReadAsStringAsync(cancellationToken)));
            if (problems.Count > 0)
            {
                throw new InvalidOperationException($"The answer of {path} does not fit OpenAI's schema: {string.Join("; ", problems)}");
            }
        }

        return response;
    }

    private static List<string> CheckEvents(OpenAISchemas schemas, string path, Stream body)
    {
        List<string> problems = [];
        foreach (var item in SseParser.Create(body).Enumerate())
        {
            if (item.EventType is "error")
            {
                problems.AddRange(schemas.Validate("ErrorResponse", JsonNode.Parse(item.Data)));
            }
            else if (item.Data is not "[DONE]" && path is "/v1/chat/completions")
            {
                problems.AddRange(schemas.Validate("CreateChatCompletionStreamResponse", JsonNode.Parse(item.Data)));
            }
        }

        body.Position = 0;
        return problems;
    }

    private static string SchemaOf(string path, bool isSuccess) => path switch
    {
        _ when !isSuccess => "ErrorResponse",
        "/v1/chat/completions" => "CreateChatCompletionResponse",
        "/v1/completions" => "CreateCompletionResponse",
        "/v1/models" => "ListModelsResponse",
        _ => "Model",
    };
}
