using BestOfN.Data.Sampling;
using BestOfN.Data.Worlds;

namespace BestOfN.Training.Pocket;

/// <summary>Answers to one problem, and how far each is right.</summary>
/// <param name="Prompt">Up to where the answers begin.</param>
/// <param name="Answers">Token ids of each answer with what closes it and the reward token.</param>
/// <param name="RightTokens">How many tokens of each come before its first flaw; all of them where it is right.</param>
internal sealed record JudgedAnswers(TrainingPrompt Prompt, IReadOnlyList<IReadOnlyList<int>> Answers, IReadOnlyList<int> RightTokens)
{
    /// <summary>Tokens in all.</summary>
    public int Length => Prompt.Count + Answers.Sum(a => a.Count);

    /// <summary>A right answer and guesses at each of some problems about one image, distinct.</summary>
    public static JudgedAnswers[] Guessed(IReadOnlyList<Problem> companions, AnswerFormat format, int count, SplitMix64 random) =>
    [
        .. companions.Zip(format.Prompts(companions), (problem, prompt) =>
            Of(problem, prompt, Enumerable.Range(0, count - 1).Select(_ => problem.Guess(random)).Prepend(problem.Solution).Distinct(),
                format)),
    ];

    public static JudgedAnswers Of(Problem problem, TrainingPrompt prompt, IEnumerable<string> answers, AnswerFormat format)
    {
        var texts = answers.ToArray();
        var judged = texts.Select(format.Judged).ToArray();
        return new(prompt, judged, [.. texts.Select((text, i) => RightTokensOf(text, problem.FlawIn(text), judged[i].Count, format))]);
    }

    private static int RightTokensOf(string text, int? flaw, int tokens, AnswerFormat format) =>
        flaw is not { } at ? tokens : at == 0 ? 0 : format.Answer(text[..at]).Count - 1;
}
