using System.Diagnostics;

namespace BestOfN.Models.Pictures;

/// <summary>The bytes of a picture for the native decoder. When time is up or the caller gave up, the file seems to end, so that the decoder stops.</summary>
internal sealed class PictureStream(ReadOnlyMemory<byte> content, TimeSpan time, CancellationToken cancellationToken) : Stream
{
    private readonly long _started = Stopwatch.GetTimestamp();
    private int _position;

    public bool IsExpired => Stopwatch.GetElapsedTime(_started) > time;

    public override bool CanRead => true;

    public override bool CanSeek => true;

    public override bool CanWrite => false;

    public override long Length => content.Length;

    public override long Position
    {
        get => _position;
        set => _position = (int)Math.Clamp(value, 0, content.Length);
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override int Read(Span<byte> buffer)
    {
        // Nothing may be thrown here: native frames are below.
        if (cancellationToken.IsCancellationRequested || IsExpired)
        {
            return 0;
        }

        var count = Math.Min(buffer.Length, content.Length - _position);
        content.Span.Slice(_position, count).CopyTo(buffer);
        _position += count;
        return count;
    }

    public override long Seek(long offset, SeekOrigin origin) => Position = origin switch
    {
        SeekOrigin.Begin => offset,
        SeekOrigin.Current => _position + offset,
        _ => content.Length + offset,
    };

    public override void Flush() { }

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
