using System.Net;
using System.Net.ServerSentEvents;
using System.Text.Json.Nodes;

namespace BestOfN.Gateway.Tests;

/// <summary>Reading answers.</summary>
internal static class Bodies
{
    public static async Task<JsonNode> JsonAsync(this Task<HttpResponseMessage> sending)
    {
        using var response = await sending;
        var body = await response.Content.ReadAsStringAsync(TestGateway.Cancellation);
        Assert.True(response.IsSuccessStatusCode, $"{response.StatusCode}: {body}");
        return JsonNode.Parse(body)!;
    }

    public static async Task<JsonNode> ErrorAsync(this Task<HttpResponseMessage> sending, HttpStatusCode status)
    {
        using var response = await sending;
        var body = await response.Content.ReadAsStringAsync(TestGateway.Cancellation);
        Assert.True(status == response.StatusCode, $"{response.StatusCode}: {body}");
        Assert.Equal("application/json", response.Content.Headers.ContentType!.MediaType);
        return JsonNode.Parse(body)!["error"]!;
    }

    public static async Task<IReadOnlyList<SseItem<string>>> EventsAsync(this Task<HttpResponseMessage> sending)
    {
        using var response = await sending;
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType!.MediaType);
        return [.. SseParser.Create(await response.Content.ReadAsStreamAsync(TestGateway.Cancellation)).Enumerate()];
    }

    /// <summary>The chunks of a stream that ended well.</summary>
    public static async Task<IReadOnlyList<JsonNode>> ChunksAsync(this Task<HttpResponseMessage> sending)
    {
        var events = await sending.EventsAsync();
        Assert.All(events, item => Assert.Equal("message", item.EventType));
        Assert.Equal("[DONE]", events[^1].Data);
        List<JsonNode> chunks = [.. events.SkipLast(1).Select(item => JsonNode.Parse(item.Data)!)];

        Assert.Single(chunks.Select(chunk => (string)chunk["id"]!).Distinct());
        Assert.Single(chunks.Select(chunk => (long)chunk["created"]!).Distinct());
        return chunks;
    }

    /// <summary>A choice put together from its deltas.</summary>
    public static string Text(this IEnumerable<JsonNode> chunks, int choice = 0) => string.Concat(chunks
        .SelectMany(chunk => chunk["choices"]!.AsArray())
        .Where(each => (int)each!["index"]! == choice)
        .Select(each => (string?)each!["delta"]?["content"] ?? (string?)each["text"]));
}
