namespace BestOfN.Training.Pocket;

/// <summary>Distinct answers to one problem, some right, some wrong, ready for the reward model.</summary>
internal sealed record ComparedAnswers
{
    public required TrainingPrompt Prompt { get; init; }

    /// <summary>Token ids of each answer with what closes it and the reward token.</summary>
    public required IReadOnlyList<IReadOnlyList<int>> Answers { get; init; }

    /// <summary>Indices of a right and a wrong answer, pairs of very unequal length left out.</summary>
    public required IReadOnlyList<(int Better, int Worse)> Pairs { get; init; }

    /// <summary>Tokens in all.</summary>
    public int Length => Prompt.Count + Answers.Sum(a => a.Count);

    /// <param name="judged">Distinct answers.</param>
    /// <param name="maxLengthRatio">A pair is dropped where the better answer has more than this many times the tokens of the
    /// worse.</param>
    public static ComparedAnswers Of(JudgedAnswers judged, double maxLengthRatio)
    {
        var answers = judged.Answers;
        bool Right(int i) => judged.RightTokens[i] == answers[i].Count;
        return new()
        {
            Prompt = judged.Prompt,
            Answers = answers,
            Pairs =
            [
                .. from better in Enumerable.Range(0, answers.Count)
                   from worse in Enumerable.Range(0, answers.Count)
                   where Right(better) && !Right(worse) && answers[better].Count <= maxLengthRatio * answers[worse].Count
                   select (better, worse),
            ],
        };
    }
}
