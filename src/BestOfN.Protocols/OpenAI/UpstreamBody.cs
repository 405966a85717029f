using BestOfN.Protocols.Upstreams;

namespace BestOfN.Protocols.OpenAI;

/// <summary>
/// The body of an upstream's answer: decompressed, known by its first bytes, and never more of it in memory than is allowed.
/// </summary>
/// <remarks>The limit counts all bytes of a whole answer, and of a stream of events those since the last blank line, which a parser
/// holds.</remarks>
internal sealed class UpstreamBody : ForwardStream
{
    private readonly long _eventLimit;
    private readonly long _wholeLimit;
    private ReadOnlyMemory<byte> _start;
    private bool _isEvents;
    private bool _lineHasEnded;
    private bool _hasEnded;
    private long _held;

    private UpstreamBody(Stream inner, long eventLimit, long wholeLimit) : base(inner)
    {
        _eventLimit = eventLimit;
        _wholeLimit = wholeLimit;
    }

    /// <summary>Whether the upstream has repeated the key that it was called with.</summary>
    public bool RepeatsKey => Inner is MaskedStream { HasCovered: true };

    /// <param name="content">An answer's content.</param>
    /// <param name="eventLimit">The most bytes of one event.</param>
    /// <param name="wholeLimit">The most bytes of a body that is no stream of events.</param>
    /// <param name="key">The key that the upstream was called with, which is covered wherever the body repeats it; null: none.</param>
    /// <param name="cancellationToken">Ends the opening.</param>
    /// <exception cref="NotSupportedException">It is compressed in a way that was not asked for and is not known here.</exception>
    public static async Task<UpstreamBody> OpenAsync(
        HttpContent content, long eventLimit, long wholeLimit, string? key, CancellationToken cancellationToken) =>
        new(await UpstreamContent.OpenAsync(content, key, cancellationToken), eventLimit, wholeLimit);

    /// <summary>
    /// Whether the body is a stream of events and not one JSON object. Looks at its first bytes, for servers give either any media type.
    /// </summary>
    public async Task<bool> IsEventsAsync(CancellationToken cancellationToken)
    {
        var start = new byte[1024];
        var (length, at) = (0, 0);
        while (at == length && length < start.Length)
        {
            var read = await Inner.ReadAsync(start.AsMemory(length), cancellationToken);
            length += read;
            while (at < length && start[at] is (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n' or 0xEF or 0xBB or 0xBF)
            {
                at++;
            }

            if (read == 0)
            {
                break;
            }
        }

        // ":", "data", "event", "id", "retry"; an empty body is a stream without events.
        _start = start.AsMemory(0, length);
        _isEvents = at == length || start[at] is (byte)':' or (byte)'d' or (byte)'e' or (byte)'i' or (byte)'r';
        return _isEvents;
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        int read;
        if (_start.IsEmpty)
        {
            read = await Inner.ReadAsync(buffer, cancellationToken);
            if (read == 0 && buffer.Length > 0 && _isEvents && !_hasEnded)
            {
                // An event that no blank line follows would be dropped; a server may have left it out at the end.
                _hasEnded = true;
                _start = "\n\n"u8.ToArray();
                return await ReadAsync(buffer, cancellationToken);
            }
        }
        else
        {
            read = Math.Min(buffer.Length, _start.Length);
            _start[..read].CopyTo(buffer);
            _start = _start[read..];
        }

        Count(buffer.Span[..read]);
        return read;
    }

    private void Count(ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty)
        {
            return;
        }

        var blank = _isEvents ? EndOfBlankLine(bytes) : -1;
        _held = blank >= 0 ? bytes.Length - blank : _held + bytes.Length;
        _lineHasEnded = bytes[^1] is (byte)'\n';
        var limit = _isEvents ? _eventLimit : _wholeLimit;
        if (_held > limit)
        {
            throw new AnswerTooLargeException(limit);
        }
    }

    private int EndOfBlankLine(ReadOnlySpan<byte> bytes)
    {
        var (lineFeeds, withReturn) = (bytes.LastIndexOf("\n\n"u8), bytes.LastIndexOf("\n\r\n"u8));
        return lineFeeds >= 0 || withReturn >= 0 ? Math.Max(lineFeeds < 0 ? 0 : lineFeeds + 2, withReturn < 0 ? 0 : withReturn + 3)
            : _lineHasEnded && bytes.StartsWith("\n"u8) ? 1
            : _lineHasEnded && bytes.StartsWith("\r\n"u8) ? 2
            : -1;
    }
}
