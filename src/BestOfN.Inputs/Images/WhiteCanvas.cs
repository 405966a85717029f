namespace BestOfN.Inputs.Images;

/// <summary>White pixels on which images are pasted; the parts outside are cut off.</summary>
internal sealed class WhiteCanvas
{
    private readonly int _width, _height;
    private readonly byte[] _pixels;

    public WhiteCanvas(int width, int height)
    {
        (_width, _height) = (width, height);
        _pixels = GC.AllocateUninitializedArray<byte>(checked(width * height * 3));
        _pixels.AsSpan().Fill(255);
    }

    public void Paste(Image picture, int left, int top)
    {
        var columns = Math.Min(picture.Width, _width - left);
        for (var y = 0; y < picture.Height && top + y < _height; y++)
        {
            picture.Pixels.Span.Slice(y * picture.Width * 3, columns * 3).CopyTo(_pixels.AsSpan(Offset(left, top + y)));
        }
    }

    public void FillBlack(int left, int top, int width, int height)
    {
        var (right, bottom) = (Math.Min(_width, left + width), Math.Min(_height, top + height));
        for (var y = Math.Max(0, top); y < bottom; y++)
        {
            _pixels.AsSpan(Offset(Math.Max(0, left), y)..Offset(right, y)).Clear();
        }
    }

    /// <summary>Puts black ink on the canvas.</summary>
    /// <param name="ink">0 nothing to 255 black, rows of <paramref name="inkWidth"/> bytes.</param>
    public void Stamp(ReadOnlySpan<byte> ink, int inkWidth, int left, int top)
    {
        var columns = Math.Min(inkWidth, _width - left);
        for (var y = 0; y < ink.Length / inkWidth && top + y < _height; y++)
        {
            var row = _pixels.AsSpan(Offset(left, top + y), columns * 3);
            for (var x = 0; x < columns; x++)
            {
                var paper = 255 - ink[(y * inkWidth) + x];
                foreach (ref var channel in row.Slice(x * 3, 3))
                {
                    channel = (byte)(((channel * paper) + 127) / 255);
                }
            }
        }
    }

    /// <summary>The canvas as a picture. It must not be drawn on any more.</summary>
    public Image ToPicture() => new(_width, _height, _pixels);

    private int Offset(int x, int y) => ((y * _width) + x) * 3;
}
