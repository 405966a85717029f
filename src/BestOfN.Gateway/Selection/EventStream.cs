using System.Buffers;
using System.Text.Json;
using BestOfN.Gateway.Errors;
using BestOfN.Protocols.OpenAI.Wire;

namespace BestOfN.Gateway.Selection;

/// <summary>Server-sent events on a response.</summary>
internal sealed class EventStream(HttpResponse response)
{
    public bool HasBegun { get; private set; }

    /// <summary>Writes one message; nothing if it is empty.</summary>
    public void Write(ReadOnlySpan<byte> data)
    {
        if (!data.IsEmpty)
        {
            Begin();
            response.BodyWriter.Write("data: "u8);
            response.BodyWriter.Write(data);
            response.BodyWriter.Write("\n\n"u8);
        }
    }

    /// <summary>Writes an error in OpenAI's envelope, the upstream's own where there is one.</summary>
    public void WriteError(ErrorDescription error)
    {
        response.BodyWriter.Write("event: error\n"u8);
        Write(OneLine(error.Json));
    }

    public void WriteComment()
    {
        Begin();
        response.BodyWriter.Write(": working\n\n"u8);
    }

    public void WriteDone() => Write("[DONE]"u8);

    public async Task FlushAsync(CancellationToken cancellationToken) => await response.BodyWriter.FlushAsync(cancellationToken);

    // A line break would end the event's data.
    private static byte[] OneLine(ReadOnlyMemory<byte> body)
    {
        using var json = JsonDocument.Parse(body);
        return JsonSerializer.SerializeToUtf8Bytes(json.RootElement, OpenAIJsonContext.Default.JsonElement);
    }

    private void Begin()
    {
        if (!HasBegun)
        {
            HasBegun = true;
            response.ContentType = "text/event-stream";
            response.Headers.CacheControl = "no-cache";
            response.Headers["X-Accel-Buffering"] = "no"; // nginx would hold the stream back
        }
    }
}
