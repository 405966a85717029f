namespace BestOfN.Training.Rewards;

/// <summary>Distinct answers to one problem, some right, some wrong, ready for the reward model.</summary>
internal sealed record ComparedAnswers
{
    /// <summary>Token ids up to where the answer begins.</summary>
    public required IReadOnlyList<int> Prompt { get; init; }

    /// <summary>Token ids of each answer with what closes it and the reward token.</summary>
    public required IReadOnlyList<IReadOnlyList<int>> Answers { get; init; }

    public required IReadOnlyList<bool> Correct { get; init; }

    /// <summary>Indices of a right and a wrong answer, pairs of very unequal length left out.</summary>
    public required IReadOnlyList<(int Better, int Worse)> Pairs { get; init; }

    /// <summary>Tokens in all.</summary>
    public int Length => Prompt.Count + Answers.Sum(a => a.Count);

    /// <param name="prompt">Token ids.</param>
    /// <param name="answers">Token ids and whether right; distinct.</param>
    /// <param name="maxLengthRatio">A pair is dropped where the better answer has more than this many times the tokens of the worse.</param>
    public static ComparedAnswers Of(IReadOnlyList<int> prompt, IReadOnlyList<(IReadOnlyList<int> Ids, bool Correct)> answers, double maxLengthRatio) => new()
    {
        Prompt = prompt,
        Answers = [.. answers.Select(a => a.Ids)],
        Correct = [.. answers.Select(a => a.Correct)],
        Pairs =
        [
            .. from better in Enumerable.Range(0, answers.Count)
               from worse in Enumerable.Range(0, answers.Count)
               where answers[better].Correct && !answers[worse].Correct && answers[better].Ids.Count <= maxLengthRatio * answers[worse].Ids.Count
               select (better, worse),
        ],
    };
}
