using System.Runtime.InteropServices;
using System.Text.Json;
using BestOfN.Gateway.Access;
using BestOfN.Gateway.Configuration;
using BestOfN.Gateway.Models;
using BestOfN.Gateway.Rewards.Sglang;
using BestOfN.Gateway.Rewards.Swift;
using Microsoft.Extensions.Options;

namespace BestOfN.Gateway.Rewards.Routes;

/// <summary>
/// Two routes are other parts' as well: <c>/v1/embeddings</c>, which passes through, and <c>/v1/chat/completions</c>. Where such a request
/// names a reward model it is answered here, else it goes on as it came.
/// </summary>
/// <remarks>Comes before keys are asked for, and answers without one only where the operator has opened a dialect of the route.</remarks>
internal sealed class SharedRoutes(
    RequestDelegate next, RewardHandler handler, RewardModelNames names, GeneratorCatalog generators, RequestBodies bodies, ApiKeys keys,
    IOptions<BestOfNOptions> options)
{
    private static readonly string[] _embedding = [RewardDialectNames.Sglang, RewardDialectNames.Verl];
    private static readonly string[] _chat = [RewardDialectNames.Swift];

    public async Task InvokeAsync(HttpContext context)
    {
        var isEmbedding = context.Request.Path == "/v1/embeddings";
        var isChat = options.Value.RewardServer.SwiftChatRewards && context.Request.Path == "/v1/chat/completions";
        var isOpen = (isEmbedding ? _embedding : _chat).Any(options.Value.RewardServer.Anonymous.Contains);
        if (!HttpMethods.IsPost(context.Request.Method) || !(isEmbedding || isChat) || !(isOpen || keys.Admits(context.Request)))
        {
            await next(context);
            return;
        }

        var dialect = isEmbedding ? SglangRewards.Dialect : SwiftRewards.Dialect;
        var body = await bodies.ReadAsync(context, keys.ClientOf(context), context.RequestAborted);
        context.Request.Body = MemoryMarshal.TryGetArray(body, out var bytes)
            ? new MemoryStream(bytes.Array!, bytes.Offset, bytes.Count, writable: false)
            : new MemoryStream(body.ToArray(), writable: false);
        if (Means(NameIn(body), isEmbedding, hasUpstream: context.GetEndpoint() is not null))
        {
            await handler.AnswerAsync(context, dialect, isEmbedding ? SglangRewards.ReadEmbeddings : SwiftRewards.Read);
            return;
        }

        await next(context);
    }

    private bool Means(string? name, bool isEmbedding, bool hasUpstream) =>
        names.IsConfigured(name) ? isEmbedding || !generators.TryFind(name!, out _, out _)
        : isEmbedding && !hasUpstream && names.TakesAnyName;

    private static string? NameIn(ReadOnlyMemory<byte> body)
    {
        var reader = new Utf8JsonReader(body.Span, new JsonReaderOptions { MaxDepth = Selection.Fields.RequestObject.MaxDepth });
        if (!reader.Read() || reader.TokenType is not JsonTokenType.StartObject)
        {
            return null;
        }

        while (reader.Read() && reader.TokenType is JsonTokenType.PropertyName)
        {
            var isModel = reader.ValueTextEquals("model"u8);
            reader.Read();
            if (isModel)
            {
                return reader.TokenType is JsonTokenType.String ? reader.GetString() : null;
            }

            reader.Skip();
        }

        return null;
    }
}
