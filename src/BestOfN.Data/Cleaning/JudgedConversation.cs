using BestOfN.Core.Prompts;

namespace BestOfN.Data.Cleaning;

/// <summary>A record as the reward model is shown it: placeholders of images are replaced by the images, and the newline beside them
/// goes.</summary>
internal static class JudgedConversation
{
    private const int LongestSource = 300;

    /// <exception cref="IOException">An image cannot be read.</exception>
    public static IReadOnlyList<ChatMessage> Of(CorpusRecord record, ImageFiles files)
    {
        var images = new Queue<ContentPart>(record.Images.Select(image => Part(image, files)));

        // The only image of a conversation needs no placeholder: it comes first.
        var isUnplaced = record.Placeholder is { } mark && images.Count == 1
            && !record.Turns.Any(
                turn => turn.Role == "user"
                    && (turn.Text.Contains(mark, StringComparison.Ordinal) || turn.Text.Contains("<video>", StringComparison.Ordinal)));
        var messages = new List<ChatMessage>();
        foreach (var turn in record.Turns)
        {
            var parts = new List<ContentPart>();
            while ((isUnplaced || record.AreImagesFirst) && turn.Role == "user" && images.TryDequeue(out var first))
            {
                parts.Add(first);
            }

            if (turn.Images.Count > 0)
            {
                AddAt(parts, turn, images);
            }
            else
            {
                Add(parts, turn, record.Placeholder, images);
            }

            messages.Add(new(turn.Role, parts));
        }

        return messages;
    }

    private static void AddAt(List<ContentPart> parts, CorpusTurn turn, Queue<ContentPart> images)
    {
        var from = 0;
        foreach (var at in turn.Images)
        {
            AddText(parts, turn.Text[from..at]);
            parts.Add(images.Dequeue());
            from = at;
        }

        AddText(parts, turn.Text[from..]);
    }

    private static void Add(List<ContentPart> parts, CorpusTurn turn, string? placeholder, Queue<ContentPart> images)
    {
        var texts = placeholder is null || turn.Role != "user" ? [turn.Text]
            : turn.Text.Split([placeholder, "<video>"], StringSplitOptions.None);
        for (var i = 0; i < texts.Length; i++)
        {
            var text = texts[i];
            text = i > 0 && text.StartsWith('\n') ? text[1..] : text;
            AddText(parts, i < texts.Length - 1 && text.EndsWith('\n') ? text[..^1] : text);
            if (i < texts.Length - 1 && images.TryDequeue(out var image))
            {
                parts.Add(image);
            }
        }
    }

    private static void AddText(List<ContentPart> parts, string text)
    {
        if (text.Length > 0)
        {
            parts.Add(new TextPart(text));
        }
    }

    private static ContentPart Part(CorpusImage image, ImageFiles files) =>
        image.IsVideo ? new VideoPart(files.Read(image)) { Source = image.Name }
            : new ImagePart(files.Read(image)) { Source = image.Name.Length < LongestSource ? image.Name : "a data URL" };
}
