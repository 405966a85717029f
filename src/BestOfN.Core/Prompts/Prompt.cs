namespace BestOfN.Core.Prompts;

/// <summary>What the user saw: the conversation up to the answer that is to be made or judged.</summary>
public sealed record Prompt(IReadOnlyList<ChatMessage> Messages)
{
    /// <summary>Whether there is an image or a video in any message.</summary>
    public bool HasPictures => Messages.Any(message => message.Parts.Any(part => part is ImagePart or VideoPart));
}
