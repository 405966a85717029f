using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using BestOfN.Inputs.Images;

namespace BestOfN.Data.Cleaning;

/// <summary>Checks that need no reward model.</summary>
/// <param name="options">Which checks are made.</param>
/// <param name="files">Where images are.</param>
internal sealed class RecordChecks(CleaningOptions options, ImageFiles files)
{
    /// <returns>Reasons, and the key by which duplicates are found, of a record without any.</returns>
    public (DropReasons Reasons, byte[]? Key) Check(CorpusRecord record, CancellationToken cancellationToken)
    {
        var reasons = new DropReasons();
        var answers = record.Answers.ToArray();
        Add(DropReason.NoAnswer, answers.Length == 0);
        Add(DropReason.RoleOrder, !options.AllowRoleOrder && !Alternates(record.Turns));
        Add(DropReason.EmptyAnswer, answers.Any(IsEmpty));
        Add(DropReason.PlaceholderMismatch, record.Placeholder is { } placeholder && !Fits(record, placeholder));
        var images = new List<byte[]>();
        foreach (var image in record.Images)
        {
            switch (Look(image, cancellationToken))
            {
                case (null, var reason):
                    Add(reason, true);
                    break;
                case ({ } digest, _):
                    images.Add(digest);
                    break;
            }
        }

        Add(DropReason.SpecialToken, answers.Any(AnswerText.HasSpecialToken));
        Add(DropReason.Garbled, answers.Any(AnswerText.IsGarbled));
        Add(DropReason.Repetition, answers.Any(AnswerText.RepeatsItself));
        return (reasons, reasons.IsEmpty ? Key(record, images) : null);

        void Add(DropReason reason, bool holds) => reasons = holds ? reasons.With(reason) : reasons;
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
        var count = record.Turns.Where(turn => turn.Role == "user")
            .Sum(turn => Count(turn.Text, placeholder) + Count(turn.Text, "<video>"));
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

    /// <returns>The digest of the file, or why there is none.</returns>
    private (byte[]? Digest, DropReason Reason) Look(string image, CancellationToken cancellationToken)
    {
        byte[] content;
        try
        {
            content = files.Read(image);
        }
        catch (FormatException)
        {
            return (null, DropReason.BrokenImage);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return (null, DropReason.MissingImage);
        }

        try
        {
            // A video is not decoded: its file must be there and hold something.
            if (ImageFiles.IsVideo(image))
            {
                return content.Length > 0 ? (SHA256.HashData(content), default) : (null, DropReason.BrokenImage);
            }

            ImageDecoder.Decode(content, ImageLimits.Default, cancellationToken);
            return ImageEnd.IsThere(content) ? (SHA256.HashData(content), default) : (null, DropReason.BrokenImage);
        }
        catch (ImageException)
        {
            return (null, DropReason.BrokenImage);
        }
    }

    /// <summary>The same for records that say the same, up to white space, and show the same images.</summary>
    internal static byte[] Key(CorpusRecord record, IReadOnlyList<byte[]> images)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> length = stackalloc byte[sizeof(uint)];
        foreach (var turn in record.Turns)
        {
            foreach (var text in new[] {
                turn.Role, string.Join(' ', turn.Text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)) })
            {
                var bytes = Encoding.UTF8.GetBytes(text);
                BinaryPrimitives.WriteUInt32LittleEndian(length, (uint)bytes.Length);
                hash.AppendData(length);
                hash.AppendData(bytes);
            }
        }

        foreach (var image in images)
        {
            hash.AppendData(image);
        }

        return hash.GetHashAndReset();
    }
}
