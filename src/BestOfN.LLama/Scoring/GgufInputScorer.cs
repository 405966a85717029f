using BestOfN.Core.Failures;
using BestOfN.Core.Prompts;
using BestOfN.Core.Rewards;
using BestOfN.Inputs.Scoring;

namespace BestOfN.LLama.Scoring;

/// <summary>Scores inputs of any form: those that begin alike are read together, their beginning once. Thread-safe.</summary>
internal sealed class GgufInputScorer(GgufRewardModel model, RawInputs raw)
{
    /// <inheritdoc cref="IInputRewardModel.ScoreAsync"/>
    public async Task<IReadOnlyList<InputReward>> ScoreAsync(
        IReadOnlyList<RewardInput> inputs, InputLimit limit, CancellationToken cancellationToken)
    {
        var rewards = new InputReward[inputs.Count];
        var promptTokens = new int[inputs.Count];
        var conversations = inputs.Index().Where(each => each.Item is ConversationInput)
            .GroupBy(each => ((ConversationInput)each.Item).Prompt, ReferenceEqualityComparer.Instance)
            .Select(group => (
                Prompt: Prompt(((Prompt)group.Key!).Messages, limit),
                Sequences: group.Select(each => (each.Index, Encode((ConversationInput)each.Item, limit))).ToList()))
            .ToList();
        foreach (var (prompt, sequences) in conversations)
        {
            sequences.ForEach(each => promptTokens[each.Index] = prompt.Length);
        }

        var written = RawInputs.WithCommonBeginning(
        [
            .. inputs.Index().Where(each => each.Item is not ConversationInput)
                .Select(each => (each.Index, raw.Encode(each.Item, limit))),
        ]);

        // One after another: llama.cpp computes one group at a time, and a call takes one place in the queue however many groups it has.
        foreach (var (prompt, sequences) in conversations.Concat(written))
        {
            await ScoreAsync(prompt, sequences);
        }

        return rewards;

        async Task ScoreAsync(int[] beginning, List<(int Index, LimitedSequence Sequence)> group)
        {
            var prompt = new ReadPrompt(beginning);
            try
            {
                var scores = await model.ScoreAsync(prompt, [.. group.Select(each => each.Sequence.Sequence?.Ids)], cancellationToken);
                foreach (var ((index, sequence), score) in group.Zip(scores))
                {
                    rewards[index] = new InputReward(score, sequence.Tokens, promptTokens[index]) { IsCut = sequence.IsCut };
                }
            }
            finally
            {
                model.Close(prompt);
            }
        }
    }

    // A prompt that leaves no room for an answer is refused, unless it is to be cut.
    private int[] Prompt(IReadOnlyList<ChatMessage> messages, InputLimit limit)
    {
        if (messages.Any(message => message.Parts.Any(part => part is not TextPart)))
        {
            throw new ScoringFailedException(
                new Failure(FailureKind.InvalidRequest, $"The reward model '{model.Name}' reads text alone."));
        }

        try
        {
            return limit.Cuts ? model.Encoder.Encode(messages) : [.. model.Encode(messages).Ids];
        }
        catch (Exception e)
        {
            throw GgufScoringSession.Failure(e);
        }
    }

    private LimitedSequence Encode(ConversationInput input, InputLimit limit)
    {
        try
        {
            return LimitedSequence.Of(
                model.Encoder.Encode(input.Prompt.Messages, input.Answer with { Index = 0 }),
                Math.Min(limit.MaxTokens ?? int.MaxValue, model.MaxLength), limit);
        }
        catch (Exception e)
        {
            throw GgufScoringSession.Failure(e);
        }
    }
}
