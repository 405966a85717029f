using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using BestOfN.Inputs.Images;

namespace BestOfN.Data.Cleaning;

/// <summary>Checks that need no reward model.</summary>
/// <param name="options">Which checks are made.</param>
internal sealed class RecordChecks(CleaningOptions options)
{
    private const string Video = "<video>";

    /// <summary>Looks at a record's words and reads its images, but does not decode them.</summary>
    /// <returns>Reasons, and the key by which duplicates are found, of a record without any.</returns>
    public (DropReasons Reasons, byte[]? Key,
        IReadOnlyList<(CorpusImage Image, ReadOnlyMemory<byte> Content)> Images) Check(CorpusRecord record, ImageFiles files)
    {
        var reasons = new DropReasons();
        var answers = record.Answers.ToArray();
        Add(DropReason.NoAnswer, !record.Judged.Any());
        Add(DropReason.RoleOrder, !options.AllowRoleOrder && !Alternates(record.Turns));
        Add(DropReason.EmptyAnswer, answers.Any(IsEmpty));
        Add(DropReason.PlaceholderMismatch, record.Placeholder is { } placeholder && !Fits(record, placeholder));
        var images = new List<(CorpusImage Image, ReadOnlyMemory<byte> Content)>();
        foreach (var image in record.Images)
        {
            try
            {
                images.Add((image, files.Read(image)));
            }
            catch (FormatException)
            {
                Add(DropReason.BrokenImage, true);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
            {
                Add(DropReason.MissingImage, true);
            }
        }

        Add(DropReason.SpecialToken, answers.Any(AnswerText.HasSpecialToken));
        Add(DropReason.Garbled, answers.Any(AnswerText.IsGarbled));
        Add(DropReason.Repetition, answers.Any(AnswerText.RepeatsItself));
        return (reasons, reasons.IsEmpty ? Key(record, images.Select(image => SHA256.HashData(image.Content.Span))) : null, images);

        void Add(DropReason reason, bool holds) => reasons = holds ? reasons.With(reason) : reasons;
    }

    /// <summary>Decodes an image.</summary>
    /// <returns>Null where it cannot be decoded to its end.</returns>
    public static Image? Decode(ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        try
        {
            var image = ImageDecoder.Decode(content, ImageLimits.Default, cancellationToken);
            return ImageEnd.IsThere(content.Span) ? image : null;
        }
        catch (ImageException)
        {
            return null;
        }
    }

    private bool IsEmpty(string answer) => answer.Trim() is var text
        && (text.Length == 0 || options.EmptyWords.Contains(text, StringComparer.OrdinalIgnoreCase));

    private static bool Alternates(IReadOnlyList<CorpusTurn> turns)
    {
        var first = turns.Count > 0 && turns[0].Role == "system" ? 1 : 0;
        return turns.Skip(first).Select((turn, i) => turn.Role == (i % 2 == 0 ? "user" : "assistant")).All(isRight => isRight);
    }

    private static bool Fits(CorpusRecord record, string placeholder)
    {
        var count = record.Turns.Where(turn => turn.Role == "user").Sum(turn => Count(turn.Text, placeholder) + Count(turn.Text, Video));
        return count == record.Images.Count || (count, record.Images.Count) == (0, 1);
    }

    private static int Count(string text, string placeholder)
    {
        var count = 0;
        for (var at = -placeholder.Length; (at = text.IndexOf(placeholder, at + placeholder.Length, StringComparison.Ordinal)) >= 0;)
        {
            count++;
        }

        return count;
    }

    /// <summary>The same for records that say the same, up to white space, and show the same images.</summary>
    private static byte[] Key(CorpusRecord record, IEnumerable<byte[]> images)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var turn in record.Turns)
        {
            Append(hash, turn.Role);
            Append(hash, turn.Text);
        }

        if (record.Rejected is { } rejected)
        {
            Append(hash, "rejected");
            Append(hash, rejected);
        }

        foreach (var image in images)
        {
            hash.AppendData(image);
        }

        return hash.GetHashAndReset();
    }

    private static void Append(IncrementalHash hash, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)));
        Span<byte> length = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32LittleEndian(length, (uint)bytes.Length);
        hash.AppendData(length);
        hash.AppendData(bytes);
    }
}
