using System.Text;
using BestOfN.Core.Prompts;
using BestOfN.Data.Sampling;
using BestOfN.Inputs.Images;

namespace BestOfN.Data.Worlds;

/// <summary>A question whose answer is hard to find and easy to check.</summary>
public abstract class Problem
{
    private protected Problem() { }

    public abstract ProblemFamily Family { get; }

    /// <summary>What the user asks.</summary>
    public required string Question { get; init; }

    /// <summary>A correct answer in its canonical form.</summary>
    public required string Solution { get; init; }

    /// <summary>The picture that the question is about, if any.</summary>
    public virtual IReadOnlyList<Image> Pictures => [];

    /// <summary>The frames, one a second, of the video that the question is about, if any; all of one size.</summary>
    public virtual IReadOnlyList<Image>? Frames => null;

    /// <summary>Identity of the problem: its facts without the phrasing, and in a fixed order where order means nothing.</summary>
    internal abstract string Content { get; }

    internal Split Split => SplitMix64.Mix(Fnv1a(Content)) % 10 == 0 ? Split.HeldOut : Split.Training;

    /// <summary>Checks an answer from the question alone. White space around it is allowed,
    /// any other deviation from the form is not.</summary>
    public bool IsCorrect(string answer) => FlawIn(answer) is null;

    /// <summary>Index of the first character at which the answer is provably wrong.</summary>
    /// <returns>The index; the answer's length if only its end shows that it is wrong; null if it is correct.</returns>
    internal int? FlawIn(string answer)
    {
        var trimmed = answer.Trim();
        return FlawAt(trimmed) + (answer.Length - answer.TrimStart().Length);
    }

    /// <summary>One user message: the picture as a PNG or the video as a GIF, if there is one, then the question.</summary>
    /// <param name="shown">Another problem, the picture or video of which is shown in place of this one's; null: this one's.</param>
    public Prompt ToPrompt(Problem? shown = null) =>
        new([new ChatMessage("user", [.. (shown ?? this).SeenParts(), new TextPart(Question)])]);

    /// <summary>Other questions about the same picture or video, in the same split. They are
    /// trained on together, so that the image is encoded once.</summary>
    internal virtual IEnumerable<Problem> Companions(SplitMix64 random) => [];

    /// <summary>A guess: an answer of the right form that is made without solving the problem, and is seldom correct.</summary>
    internal abstract string Guess(SplitMix64 random);

    private protected abstract int? FlawAt(string answer);

    private IEnumerable<ContentPart> SeenParts()
    {
        foreach (var picture in Pictures)
        {
            yield return new ImagePart(ImageFile.Png(picture));
        }

        if (Frames is { } frames)
        {
            yield return new VideoPart(AnimatedGif.Encode(frames));
        }
    }

    // Stable over platforms and versions, unlike string.GetHashCode.
    private static ulong Fnv1a(string text)
    {
        var hash = 0xCBF29CE484222325;
        foreach (var b in Encoding.UTF8.GetBytes(text))
        {
            hash = (hash ^ b) * 0x100000001B3;
        }

        return hash;
    }
}
