namespace BestOfN.Data.Samples;

/// <summary>What became of a file of samples.</summary>
/// <param name="Prompts">Prompts read.</param>
/// <param name="Pairs">Pairs written.</param>
/// <param name="WithoutPair">Prompts without a pair, by reason.</param>
/// <param name="MeanDifference">Mean difference of the scores of a pair; null without pairs.</param>
/// <param name="MeanLengthRatio">Mean of characters of the chosen answer over those of the rejected one; null without pairs.</param>
/// <param name="ChosenCorrect">Share of pairs whose chosen answer is correct and whose rejected one is not, where a checker knew both;
/// null where none did.</param>
public sealed record PairSummary(
    int Prompts, int Pairs, IReadOnlyDictionary<NoPair, int> WithoutPair, double? MeanDifference, double? MeanLengthRatio,
    double? ChosenCorrect);
