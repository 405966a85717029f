namespace BestOfN.Inputs.Images;

/// <summary>Changes a GIF before it is decoded.</summary>
internal static class GifFile
{
    private const byte Extension = 0x21, GraphicControl = 0xF9, HasTransparency = 0x01;

    /// <summary>The same GIF in which no colour of the first frame stands for transparent, so that the colours survive decoding.</summary>
    /// <returns>The content unchanged if no frame is transparent, or if it is damaged before its
    /// first frame, which the decoder reports.</returns>
    public static ReadOnlyMemory<byte> WithoutTransparency(ReadOnlyMemory<byte> content)
    {
        var file = content.Span;
        if (file.Length < 13)
        {
            return content;
        }

        byte[]? changed = null;
        var i = 13 + ((file[10] & 0x80) != 0 ? 3 << ((file[10] & 7) + 1) : 0);
        while (i + 3 < file.Length && file[i] == Extension)
        {
            if (file[i + 1] == GraphicControl && file[i + 2] == 4 && (file[i + 3] & HasTransparency) != 0)
            {
                changed ??= content.ToArray();
                changed[i + 3] &= 0xFF ^ HasTransparency;
            }

            i += 2;
            while (i < file.Length && file[i] != 0)
            {
                i += file[i] + 1;
            }

            i++;
        }

        return changed ?? content;
    }
}
