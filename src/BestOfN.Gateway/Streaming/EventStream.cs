using System.Buffers;

namespace BestOfN.Gateway.Streaming;

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

    public void WriteError(ReadOnlySpan<byte> data)
    {
        response.BodyWriter.Write("event: error\n"u8);
        Write(data);
    }

    public void WriteComment()
    {
        Begin();
        response.BodyWriter.Write(": working\n\n"u8);
    }

    public void WriteDone() => Write("[DONE]"u8);

    public async Task FlushAsync(CancellationToken cancellationToken) => await response.BodyWriter.FlushAsync(cancellationToken);

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
