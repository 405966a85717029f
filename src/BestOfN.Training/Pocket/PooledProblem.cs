using BestOfN.Data.Worlds;

namespace BestOfN.Training.Pocket;

/// <summary>A problem and the distinct answers that a generator gave to it.</summary>
internal sealed record PooledProblem(Problem Problem, IReadOnlyList<(string Text, bool Correct)> Answers)
{
    /// <summary>Whether there is something to compare.</summary>
    public bool HasRightAndWrong => Answers.Any(a => a.Correct) && Answers.Any(a => !a.Correct);
}
