using System.Text.RegularExpressions;
using BestOfN.Core.Prompts;

namespace BestOfN.Inputs.Templates.Written;

/// <summary>Finds where a text that a template wrote shows images, and puts the images there. Thread-safe.</summary>
/// <remarks>A run of the same placeholder is one image: the decoded ids of a model that sees hold hundreds for each.</remarks>
public static partial class WrittenImages
{
    /// <summary>Places in the messages before the answer, in order.</summary>
    public static int CountIn(WrittenConversation conversation)
    {
        ArgumentNullException.ThrowIfNull(conversation);
        return conversation.Messages.SkipLast(1).Where(MayShow).Sum(message => Places().Count(message.Text));
    }

    /// <summary>Whether the prompt has a token that only an image can stand for.</summary>
    public static bool HasTokenIn(WrittenConversation conversation)
    {
        ArgumentNullException.ThrowIfNull(conversation);
        return conversation.Messages.SkipLast(1).Where(MayShow).Any(message => Tokens().IsMatch(message.Text));
    }

    /// <summary>The messages with images in their places; where there is no place, before the first text of the user.</summary>
    /// <param name="conversation">What was read.</param>
    /// <param name="images">As many as there are places, or any number where there is none.</param>
    /// <exception cref="ArgumentException">There are more or fewer images than places.</exception>
    public static IReadOnlyList<ChatMessage> Put(WrittenConversation conversation, IReadOnlyList<ContentPart> images)
    {
        ArgumentNullException.ThrowIfNull(conversation);
        ArgumentNullException.ThrowIfNull(images);
        var places = CountIn(conversation);
        if (places == 0)
        {
            var first = conversation.Messages.TakeWhile(message => message.Role != "user").Count();
            return [.. conversation.Messages.Select((message, i) =>
                i == first ? message with { Parts = [.. images, .. message.Parts] } : message)];
        }

        if (places != images.Count)
        {
            throw new ArgumentException($"The text has places for {places} images, and {images.Count} came with it.", nameof(images));
        }

        var next = 0;
        return [.. conversation.Messages.Select((message, i) => i == conversation.Messages.Count - 1 || !MayShow(message) ? message
            : message with { Parts = Split(message.Text, () => images[next++]) })];
    }

    // An answer of an earlier turn may speak of a placeholder, but shows nothing.
    private static bool MayShow(ChatMessage message) => message.Role != "assistant";

    private static List<ContentPart> Split(string text, Func<ContentPart> nextImage)
    {
        var parts = new List<ContentPart>();
        var done = 0;
        foreach (Match place in Places().Matches(text))
        {
            Add(text[done..place.Index]);
            parts.Add(nextImage());
            done = place.Index + place.Length;
        }

        Add(text[done..]);
        return parts;

        void Add(string piece)
        {
            if (piece.Length > 0)
            {
                parts.Add(new TextPart(piece));
            }
        }
    }

    [GeneratedRegex(
        @"<ImageHere>|<image>|<img>(<IMG_CONTEXT>)*</img>|<\|vision_start\|>(<\|image_pad\|>)+<\|vision_end\|>|(<\|image_pad\|>)+",
        RegexOptions.CultureInvariant)]
    private static partial Regex Places();

    [GeneratedRegex(@"<IMG_CONTEXT>|<\|image_pad\|>", RegexOptions.CultureInvariant)]
    private static partial Regex Tokens();
}
