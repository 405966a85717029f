using BestOfN.Training.Policies;
using BestOfN.Training.Worlds;

namespace BestOfN.Training.Rewards;

/// <summary>Answers to one problem, and how far each is right.</summary>
/// <param name="Prompt">Token ids up to where the answer begins.</param>
/// <param name="Answers">Token ids of each answer with what closes it and the reward token.</param>
/// <param name="SoundTokens">How many tokens of each come before its first flaw; all of them where it is right.</param>
internal sealed record JudgedAnswers(IReadOnlyList<int> Prompt, IReadOnlyList<IReadOnlyList<int>> Answers, IReadOnlyList<int> SoundTokens)
{
    /// <summary>Tokens in all.</summary>
    public int Length => Prompt.Count + Answers.Sum(a => a.Count);

    /// <summary>A right answer and guesses at the problem, distinct.</summary>
    public static JudgedAnswers Guessed(Problem problem, AnswerFormat format, int count, SplitMix64 random) =>
        Of(problem, Enumerable.Range(0, count - 1).Select(_ => problem.Guess(random)).Prepend(problem.Solution).Distinct(), format);

    public static JudgedAnswers Of(Problem problem, IEnumerable<string> answers, AnswerFormat format)
    {
        var texts = answers.ToArray();
        var judged = texts.Select(format.Judged).ToArray();
        return new(format.Prompt(problem), judged, [.. texts.Select((text, i) => Sound(text, problem.FlawIn(text), judged[i].Count, format))]);
    }

    private static int Sound(string text, int? flaw, int tokens, AnswerFormat format) =>
        flaw is not { } at ? tokens : at == 0 ? 0 : format.Answer(text[..at]).Count - 1;
}
