using BestOfN.Core.Prompts;
using BestOfN.Core.Rewards;
using BestOfN.Inference.ImageCache;
using BestOfN.Inference.Scoring;
using BestOfN.Inputs.Templates;

namespace BestOfN.Training.Policy;

/// <summary>Scores by a reward model: each prompt is read once, and its answers are judged in one pass.</summary>
/// <param name="model">In process, or any other; the caller owns it.</param>
internal sealed class ModelScorer(IRewardModel model) : IAnswerScorer
{
    public void Score(IReadOnlyList<RolloutGroup> groups, int step, CancellationToken cancellationToken)
    {
        // In one order, and computed when all are there: equal calls have equal scores to the last bit.
        Task<ScoringFailedException?>[] scoring;
        using ((model as ScoringEngine)?.Hold())
        {
            scoring = [.. groups.Select(g => ScoreAsync(g, cancellationToken))];
        }

        var failures = Task.WhenAll(scoring).GetAwaiter().GetResult();
        if (failures.Length > 0 && failures.All(f => f is not null))
        {
            throw new InvalidOperationException(
                $"policy: the reward model '{model.Name}' gave no score at all: {failures[0]!.Message}", failures[0]);
        }
    }

    // Answers with one text are judged once. Returns why the group has no scores.
    private async Task<ScoringFailedException?> ScoreAsync(RolloutGroup group, CancellationToken cancellationToken)
    {
        var texts = group.Answers.Select(a => a.Text).Distinct().ToArray();
        await using var session = Begin(group.Source);
        IReadOnlyList<CandidateScore?> scores;
        try
        {
            scores = await session.ScoreAsync([.. texts.Select((text, i) => new Answer(i, text))], cancellationToken);
        }
        catch (ScoringFailedException failure) when (!failure.IsOutage)
        {
            return failure;      // the group leaves the batch
        }
        catch (ScoringFailedException failure)
        {
            throw new InvalidOperationException($"policy: the reward model '{model.Name}': {failure.Message}", failure);
        }

        foreach (var answer in group.Answers)
        {
            answer.Score = scores[Array.IndexOf(texts, answer.Text)]?.Value ?? double.NaN;
        }

        return null;
    }

    // In process, images are shown as they are, without a file in between: frames of a video would be decoded by another program.
    private IScoringSession Begin(PolicyPrompt prompt)
    {
        if (prompt.Image is not null && !model.AcceptsPictures)
        {
            throw new InvalidOperationException("policy: a prompt has an image, and the protocol of reward.server sends none.");
        }

        if (prompt.Image is null
            || model is not ScoringEngine { Reader.Store: { } store, Network: { ImageEncoder: { } encoder } network } engine)
        {
            return model.Begin(prompt.Judged);
        }

        var image = store.Add(prompt.Image(network.MaxTiles, encoder.Configuration.ImageSize));
        var first = prompt.Messages.Index().First(m => m.Item.Role == "user").Index;
        ChatMessage[] shown =
        [
            .. prompt.Messages.Select((m, i) => i != first ? m : m with { Parts = [new ImageIdsPart([.. image.Ids]), .. m.Parts] }),
        ];
        return engine.Begin(new SeenPrompt(shown, [image], store));
    }
}
