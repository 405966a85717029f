using System.Net;
using System.Net.Http.Headers;

namespace BestOfN.Protocols.OpenAI;

/// <summary>JSON that lies in pieces and is sent without being joined. Can be sent any number of times, also at the same time.</summary>
internal sealed class SegmentedContent : HttpContent
{
    private readonly IReadOnlyList<ReadOnlyMemory<byte>> _segments;

    public SegmentedContent(IReadOnlyList<ReadOnlyMemory<byte>> segments)
    {
        _segments = segments;
        Headers.ContentType = new MediaTypeHeaderValue("application/json");
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        foreach (var segment in _segments)
        {
            await stream.WriteAsync(segment, cancellationToken);
        }
    }

    protected override bool TryComputeLength(out long length)
    {
        length = _segments.Sum(segment => (long)segment.Length);
        return true;
    }
}
