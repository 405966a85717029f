using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace BestOfN.Inputs.Records;

/// <summary>One line of a file of JSON lines.</summary>
/// <param name="Number">From 1; blank lines count.</param>
/// <param name="Text">UTF-8 without the end of the line; null where the line is longer than <see cref="JsonLines.MaxBytes"/>.</param>
/// <param name="IsCutOff">The file ends without the end of this line.</param>
public sealed record JsonLine(int Number, ReadOnlyMemory<byte>? Text, bool IsCutOff)
{
    private static readonly JsonDocumentOptions s_options = new() { AllowDuplicateProperties = false };

    /// <summary>The value on the line, in which every string is whole text.</summary>
    /// <exception cref="InvalidDataException">The line is not JSON; the message names the mistake, not the line.</exception>
    public JsonElement Parse()
    {
        var value = ParseUnchecked();
        JsonText.CheckWhole(value);
        return value;
    }

    /// <summary>As <see cref="Parse"/>, but a string may hold one half of a surrogate pair, which is not text;
    /// <see cref="JsonText.CheckWhole"/> finds it.</summary>
    /// <inheritdoc cref="Parse"/>
    public JsonElement ParseUnchecked()
    {
        if (Text is not { } text)
        {
            throw new InvalidDataException($"the line is longer than {JsonLines.MaxBytes >> 20} MiB");
        }

        if (!Utf8.IsValid(text.Span))
        {
            var place = FirstInvalid(text.Span);
            throw new InvalidDataException($"not valid UTF-8: byte 0x{text.Span[place]:X2} at byte {place + 1} of the line");
        }

        try
        {
            return JsonElement.Parse(text.Span, s_options);
        }
        catch (JsonException e)
        {
            throw new InvalidDataException(
                IsCutOff && IsUnfinished(e) ? "not valid JSON: the file ends within the line" : JsonText.Describe(e), e);
        }
        catch (InvalidOperationException e)   // from the comparison of names
        {
            throw new InvalidDataException("the name of a field holds one half of a surrogate pair", e);
        }
    }

    private bool IsUnfinished(JsonException e) => e.BytePositionInLine >= Text!.Value.Length;

    private static int FirstInvalid(ReadOnlySpan<byte> text)
    {
        var place = 0;
        while (Rune.DecodeFromUtf8(text[place..], out _, out var length) == System.Buffers.OperationStatus.Done)
        {
            place += length;
        }

        return place;
    }
}
