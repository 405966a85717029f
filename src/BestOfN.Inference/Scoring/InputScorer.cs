using BestOfN.Core.Prompts;
using BestOfN.Core.Rewards;
using BestOfN.Inference.ImageCache;
using BestOfN.Inputs.Scoring;
using BestOfN.Inputs.Tokenizers;

namespace BestOfN.Inference.Scoring;

/// <summary>Scores inputs of any form: those of one prompt, and token ids with one beginning, in one session. Thread-safe.</summary>
internal sealed class InputScorer(ScoringEngine engine, ITokenizer tokenizer)
{
    private readonly RawInputs _raw = new(
        engine.Encoder, tokenizer, engine.Network.Decoder.Configuration.VocabularySize, engine.MaxLength, !engine.ScoresSteps, engine.Name);

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
            .Select(each => (each.Index, Sequence: _raw.Encode(each.Item, limit)));
        var sequences = RawInputs.WithCommonBeginning([.. raw])
            .Select(group => ScoreAsync(group.Prompt, group.Sequences, rewards, cancellationToken));
        await Task.WhenAll([.. conversations, .. sequences]);
        return rewards;
    }

    private async Task ScoreAsync(
        (int Index, ConversationInput Input)[] group, InputLimit limit, InputReward[] rewards, CancellationToken cancellationToken)
    {
        var prompt = group[0].Input.Prompt;
        Answer[] answers = [.. group.Select((each, i) => each.Input.Answer with { Index = i })];
        var isCut = limit.Cuts && !engine.ScoresSteps && !prompt.HasPictures && IsTooLong(prompt);
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
}
