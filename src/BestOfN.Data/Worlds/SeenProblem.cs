using BestOfN.Data.Sampling;
using BestOfN.Inputs.Images;

namespace BestOfN.Data.Worlds;

/// <summary>A problem about a picture or a video, which are drawn when first asked for.</summary>
internal abstract class SeenProblem : Problem
{
    private IReadOnlyList<Image>? _drawn;

    /// <summary>The picture, or the frames of the video. Drawing twice gives the same bytes.</summary>
    private protected IReadOnlyList<Image> Drawn => _drawn ??= Draw();

    internal sealed override IEnumerable<Problem> Companions(SplitMix64 random) =>
        OtherQuestions(random).Where(other => other.Split == Split).Select(other =>
    {
        other._drawn = Drawn;
        return other;
    });

    /// <summary>Whether an answer could be correct as far as the question alone says: it has the right form and does not contradict
    /// itself. Only the image tells such answers apart.</summary>
    internal abstract bool IsPlausible(string answer);

    /// <summary>Other questions about the same picture or video.</summary>
    private protected abstract IEnumerable<SeenProblem> OtherQuestions(SplitMix64 random);

    private protected abstract IReadOnlyList<Image> Draw();

    /// <summary>The flaw of an answer to a problem with a single correct answer.</summary>
    private protected static int? FirstDifference(string answer, string solution) =>
        answer == solution ? null : answer.AsSpan().CommonPrefixLength(solution);
}
