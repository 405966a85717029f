using System.Text;

namespace BestOfN.Protocols.Upstreams;

/// <summary>
/// A server's answer in which the key that the server was called with is covered by asterisks, so that no client sees it. The length stays
/// the same.
/// </summary>
/// <remarks>
/// Finds the key in its plain bytes, also where it is split between two reads: a beginning of it at the end of a read waits for the next
/// one. For one reader at a time.
/// </remarks>
public sealed class MaskedStream : ForwardStream
{
    /// <summary>Shorter keys are words that answers may well contain; they are not covered.</summary>
    private const int ShortestKey = 8;

    private const int LeastRead = 4096;

    private readonly byte[] _key;
    private byte[] _buffer = [];
    private int _start;
    private int _ready;
    private int _end;
    private bool _hasEnded;

    private MaskedStream(Stream inner, byte[] key) : base(inner) => _key = key;

    /// <summary>Whether the key stood in what has been read so far.</summary>
    public bool HasCovered { get; private set; }

    /// <param name="inner">The answer, not compressed. Owned by what is returned.</param>
    /// <param name="key">The key; null or short: there is nothing to cover.</param>
    public static Stream Over(Stream inner, string? key) => IsCovered(key) ? new MaskedStream(inner, Encoding.UTF8.GetBytes(key!)) : inner;

    /// <summary>Whether a key is long enough to be told from ordinary words.</summary>
    public static bool IsCovered(string? key) => key?.Length >= ShortestKey;

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (_start == _ready && !_hasEnded)
        {
            // What waited moves to the front; the next bytes join it.
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            (_end, _start, _ready) = (_end - _start, 0, 0);
            Array.Resize(ref _buffer, Math.Max(_buffer.Length, _key.Length + Math.Max(buffer.Length, LeastRead)));
            var read = await Inner.ReadAsync(_buffer.AsMemory(_end), cancellationToken);
            _hasEnded = read == 0;
            _end += read;
            Cover();
        }

        var count = Math.Min(buffer.Length, _ready - _start);
        _buffer.AsSpan(_start, count).CopyTo(buffer.Span);
        _start += count;
        return count;
    }

    /// <summary>Covers each key, and holds back the bytes at the end that may be the beginning of one.</summary>
    private void Cover()
    {
        var unread = _buffer.AsSpan(0, _end);
        for (var from = 0; unread[from..].IndexOf(_key) is >= 0 and var at; from += at + _key.Length)
        {
            unread.Slice(from + at, _key.Length).Fill((byte)'*');
            HasCovered = true;
        }

        _ready = _end;
        for (var length = Math.Min(_key.Length - 1, _end); length > 0 && !_hasEnded; length--)
        {
            if (unread.EndsWith(_key.AsSpan(0, length)))
            {
                _ready = _end - length;
                return;
            }
        }
    }
}
