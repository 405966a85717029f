namespace BestOfN.Training.Evaluation;

/// <summary>Chooses among candidates that are given in the order of their index.</summary>
/// <param name="groups">Candidates whose answers are the same share a number.</param>
/// <param name="scores">Their rewards.</param>
/// <returns>The position of the winner.</returns>
internal delegate int VoteRule(ReadOnlySpan<int> groups, ReadOnlySpan<double> scores);
