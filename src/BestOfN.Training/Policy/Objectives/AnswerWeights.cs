namespace BestOfN.Training.Policy.Objectives;

/// <summary>What a token's loss is multiplied by. All tokens of an answer weigh alike, and a step may be split into any parts.</summary>
internal static class AnswerWeights
{
    /// <param name="lengths">Tokens of every answer of the step; answers without tokens do not count.</param>
    /// <param name="aggregation">How losses are summed up.</param>
    /// <param name="longest">L_max of <see cref="LossAggregation.Constant"/>.</param>
    public static double[] Of(IReadOnlyList<int> lengths, LossAggregation aggregation, int longest)
    {
        double tokens = lengths.Sum();
        double answers = lengths.Count(l => l > 0);
        return
        [
            .. lengths.Select(length => length == 0 ? 0 : aggregation switch
            {
                LossAggregation.TokenMean => 1 / tokens,
                LossAggregation.SeqMeanTokenMean => 1 / (answers * length),
                LossAggregation.SeqMeanTokenSum => 1 / answers,
                _ => 1 / (answers * longest),
            }),
        ];
    }
}
