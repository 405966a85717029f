using System.Text.Json;
using BestOfN.Core.Prompts;
using BestOfN.Gateway.Errors;
using BestOfN.Gateway.Selection.Fields;

namespace BestOfN.Gateway.Rewards.Rerank;

/// <summary>A query and the documents that are ranked for it.</summary>
/// <param name="Inputs">The query as the user's turn, each document as an answer.</param>
/// <param name="Texts">The documents; null where one came as parts.</param>
/// <param name="Sent">The documents as they came, in JSON.</param>
/// <param name="Top">How many of the best are wanted.</param>
internal sealed record RerankedDocuments(
    IReadOnlyList<SentMessages> Inputs, IReadOnlyList<string?> Texts, IReadOnlyList<string> Sent, int Top)
{
    /// <exception cref="ApiException">There is no query, or there are no documents.</exception>
    public static RerankedDocuments Read(RequestObject request, ReadOnlyMemory<byte> body)
    {
        if (!request.TryGet("query", out var query))
        {
            throw ApiException.Invalid("'query' is required.", "query");
        }

        if (!request.TryGet("documents", out var documents))
        {
            throw ApiException.Invalid("'documents' is required.", "documents");
        }

        JsonElement[] sent = documents.ValueKind is JsonValueKind.Array ? [.. documents.EnumerateArray()] : [documents];
        if (sent.Length == 0)
        {
            throw InputFields.Empty("documents");
        }

        var top = request.Integer("top_n", 0, int.MaxValue) is > 0 and var wanted ? wanted : int.MaxValue;
        var fields = request.Texts("rank_fields");
        var prompt = MessageFields.Question(
            MessageFields.Side(query, "query", body), request.Text("instruct") ?? request.Text("instruction"));
        var read = sent.Select((document, i) => Document(document, $"documents[{i}]", fields, body)).ToList();
        return new RerankedDocuments(
            [.. read.Select((document, i) => MessageFields.Pair(prompt, document.Parts, $"documents[{i}]"))],
            [.. read.Select(document => document.Text)],
            [.. sent.Select(document => document.GetRawText())],
            top);
    }

    /// <summary>Writes <c>document</c> as vLLM and Jina do.</summary>
    public void WriteVllm(Utf8JsonWriter json, int index)
    {
        json.WriteStartObject("document"u8);
        json.WriteString("text"u8, Texts[index]);
        if (Texts[index] is null)
        {
            using var document = JsonDocument.Parse(Sent[index], new JsonDocumentOptions { MaxDepth = RequestObject.MaxDepth });
            json.WritePropertyName("multi_modal"u8);
            document.RootElement.GetProperty("content").WriteTo(json);
        }
        else
        {
            json.WriteNull("multi_modal"u8);
        }

        json.WriteEndObject();
    }

    private static (IReadOnlyList<ContentPart> Parts, string? Text) Document(
        JsonElement document, string path, IReadOnlyList<string> fields, ReadOnlyMemory<byte> body)
    {
        if (document.ValueKind is JsonValueKind.Object && !document.TryGetProperty("content", out _))
        {
            var read = new RequestObject(document, path);
            var text = fields.Count == 0 ? read.Text("text")
                ?? throw ApiException.Invalid($"'{read.PathOf("text")}' is required.", read.PathOf("text"))
                : string.Join('\n', fields.Select(read.Text).OfType<string>());
            return ([new TextPart(text)], text);
        }

        var parts = MessageFields.Side(document, path, body);
        return (parts, document.ValueKind is JsonValueKind.String ? document.GetString() : null);
    }
}
