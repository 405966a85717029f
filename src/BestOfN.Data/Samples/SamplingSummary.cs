namespace BestOfN.Data.Samples;

/// <summary>What became of a run of sampling.</summary>
/// <param name="Prompts">Prompts of the input.</param>
/// <param name="Kept">Prompts that an earlier run had answered; they are among the others.</param>
/// <param name="Answers">Answers of this run.</param>
/// <param name="Lost">Answers that this run asked for and did not get: a row tells why.</param>
/// <param name="Unscored">Answers of this run without a score, although there is a reward model: they are too long for it.</param>
/// <param name="Tokens">Tokens of the answers of this run.</param>
public sealed record SamplingSummary(int Prompts, int Kept, long Answers, long Lost, long Unscored, long Tokens);
