using BestOfN.Core.Prompts;
using BestOfN.Core.Rewards;
using BestOfN.Inference.ImageCache;
using BestOfN.Inputs.Tokenizers;

namespace BestOfN.Inference.Scoring;

/// <summary>Scores inputs of any form: those of one prompt, and token ids with one beginning, in one session. Thread-safe.</summary>
internal sealed class InputScorer(ScoringEngine engine, ITokenizer tokenizer)
{
    // Sequences that have less in common are not worth a prompt of their own.
    private const int ShortestPrefix = 16;

    private readonly SpecialTokenEncoder _encoder = new(tokenizer);

    /// <inheritdoc cref="IInputRewardModel.ScoreAsync"/>
    public async Task<IReadOnlyList<InputReward>> ScoreAsync(
        IReadOnlyList<RewardInput> inputs, InputLimit limit, CancellationToken cancellationToken)
    {
        var rewards = new InputReward[inputs.Count];
        var conversations = inputs.Index().Where(each => each.Item is ConversationInput)
            .GroupBy(each => ((ConversationInput)each.Item).Prompt, ReferenceEqualityComparer.Instance)
            .Select(group => ScoreAsync([.. group.Select(each => (each.Index, (ConversationInput)each.Item))], limit, rewards,
                cancellationToken));
        var raw = inputs.Index().Where(each => each.Item is not ConversationInput)
            .Select(each => (each.Index, Sequence: Encode(each.Item, limit)));
        var sequences = WithCommonBeginning([.. raw])
            .Select(group => ScoreAsync(group.Prompt, group.Sequences, rewards, cancellationToken));
        await Task.WhenAll([.. conversations, .. sequences]);
        return rewards;
    }

    private async Task ScoreAsync(
        (int Index, ConversationInput Input)[] group, InputLimit limit, InputReward[] rewards, CancellationToken cancellationToken)
    {
        var prompt = group[0].Input.Prompt;
        Answer[] answers = [.. group.Select((each, i) => each.Input.Answer with { Index = i })];
        var isCut = limit.Cuts && !engine.ScoresSteps && !PromptReader.HasImages(prompt.Messages) && IsTooLong(prompt);
        await using var session = isCut ? engine.Begin([]) : engine.Begin(prompt);
        var scored = isCut
            ? await session.RewardAsync(prompt.Messages, answers, limit, cancellationToken)
            : await session.RewardAsync(answers, limit, cancellationToken);
        for (var i = 0; i < group.Length; i++)
        {
            rewards[group[i].Index] = scored[i];
        }
    }

    private async Task ScoreAsync(
        int[] prompt, IReadOnlyList<(int Index, LimitedSequence Sequence)> group, InputReward[] rewards,
            CancellationToken cancellationToken)
    {
        await using var session = engine.Begin(prompt);
        var scored = await session.RewardAsync([.. group.Select(each => each.Sequence)], cancellationToken);
        for (var i = 0; i < group.Count; i++)
        {
            rewards[group[i].Index] = scored[i];
        }
    }

    private bool IsTooLong(Prompt prompt) => engine.Encoder.Encode(prompt.Messages).Length >= engine.MaxLength;

    private LimitedSequence Encode(RewardInput input, InputLimit limit)
    {
        var ids = input is TextInput text ? Encode(text) : [.. ((TokenInput)input).Ids];
        var vocabulary = engine.Network.Decoder.Configuration.VocabularySize;
        if (ids.AsSpan().IndexOfAnyExceptInRange(0, vocabulary - 1) is >= 0 and var place)
        {
            throw new ScoringFailedException(new Core.Failures.Failure(
                Core.Failures.FailureKind.InvalidRequest,
                    $"Token {place} of an input is {ids[place]}, which is not in 0..{vocabulary - 1}."));
        }

        var most = Math.Min(limit.MaxTokens ?? int.MaxValue, engine.MaxLength);
        var sequence = engine.Encoder.Encode(0, ids);
        var surplus = sequence.Ids.Length - most;
        if (surplus <= 0)
        {
            return new(sequence, sequence.Ids.Length, IsCut: false);
        }

        // The ending, where the score is read, is added behind what is left.
        return !limit.Cuts || engine.ScoresSteps || surplus >= ids.Length
            ? new(null, sequence.Ids.Length, IsCut: false)
            : new(engine.Encoder.Encode(0, limit.KeepsEnd ? ids.AsSpan(surplus) : ids.AsSpan(0, ids.Length - surplus)),
                sequence.Ids.Length, IsCut: true);
    }

    private int[] Encode(TextInput text)
    {
        if (engine.Encoder.AreCertainlyLonger([text.Text], 4 * engine.MaxLength))
        {
            throw new ScoringFailedException(Core.Failures.Failure.PromptTooLong(
                $"A text has far more tokens than the {engine.MaxLength} that the reward model '{engine.Name}' reads."));
        }

        var ids = _encoder.Encode(text.Text);
        return text.AddsSpecialTokens && tokenizer is { AddsBos: true, BosId: { } bos } && (ids.Count == 0 || ids[0] != bos)
            ? [bos, .. ids] : [.. ids];
    }

    /// <summary>Sequences side by side that begin alike, each group with what all of it has in common.</summary>
    private static IEnumerable<(int[] Prompt, List<(int Index, LimitedSequence Sequence)> Sequences)> WithCommonBeginning(
        (int Index, LimitedSequence Sequence)[] all)
    {
        var sorted = all.OrderBy(each =>
            each.Sequence.Sequence?.Ids ?? [], Comparer<int[]>.Create((a, b) => a.AsSpan().SequenceCompareTo(b)));
        var (prompt, group) = (Array.Empty<int>(), new List<(int Index, LimitedSequence Sequence)>());
        foreach (var each in sorted)
        {
            var ids = each.Sequence.Sequence?.Ids ?? [];
            var common = group.Count == 0 ? ids.Length : prompt.AsSpan().CommonPrefixLength(ids);

            // What two texts share by chance must not take the prompt from those that share more.
            if (group.Count > 0 && (common < ShortestPrefix || common < prompt.Length / 2))
            {
                yield return (Shared(prompt, group.Count), group);
                (group, common) = ([], ids.Length);
            }

            prompt = ids[..common];
            group.Add(each);
        }

        if (group.Count > 0)
        {
            yield return (Shared(prompt, group.Count), group);
        }
    }

    private static int[] Shared(int[] prompt, int count) => count > 1 ? prompt : [];
}
