using BestOfN.Models.Pictures;

namespace BestOfN.Training.Worlds;

/// <summary>A problem about a picture or a video, which are drawn when first asked for.</summary>
internal abstract class SeenProblem : Problem
{
    private IReadOnlyList<Picture>? _drawn;

    /// <summary>The picture, or the frames of the video. Drawing twice gives the same bytes.</summary>
    private protected IReadOnlyList<Picture> Drawn => _drawn ??= Draw();

    /// <summary>An answer of the right form, as somebody would give who does not look closely: seldom right.</summary>
    internal abstract string Guess(SplitMix64 random);

    private protected abstract IReadOnlyList<Picture> Draw();

    /// <summary>The first character from which on the answer can no longer be right as far as checking tells, its length where only its end shows it; null where it is right.</summary>
    private protected abstract int? FlawAt(string answer);

    private protected sealed override bool Accepts(string answer) => FlawAt(answer) is null;

    /// <summary>The flaw of an answer where only one is right.</summary>
    private protected static int? FirstDifference(string answer, string solution) =>
        answer == solution ? null : answer.AsSpan().CommonPrefixLength(solution);
}
