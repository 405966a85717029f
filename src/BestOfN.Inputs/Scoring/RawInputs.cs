using BestOfN.Core.Failures;
using BestOfN.Core.Rewards;
using BestOfN.Inputs.Tokenizers;

namespace BestOfN.Inputs.Scoring;

/// <summary>From texts and token ids that are scored as they stand to sequences, those with one beginning together.</summary>
/// <remarks>Thread-safe.</remarks>
/// <param name="encoder">Adds what a score is read behind.</param>
/// <param name="tokenizer">The model's tokenizer.</param>
/// <param name="vocabulary">Tokens that the network knows.</param>
/// <param name="maxLength">Tokens of the longest sequence.</param>
/// <param name="canBeCut">False where more of a sequence than its end is read.</param>
/// <param name="model">The model's name, for failures.</param>
internal sealed class RawInputs(
    ConversationEncoder encoder, ITokenizer tokenizer, int vocabulary, int maxLength, bool canBeCut, string model)
{
    // Sequences that have less in common are not worth a prompt of their own.
    private const int ShortestPrefix = 16;

    private readonly SpecialTokenEncoder _encoder = new(tokenizer);

    /// <summary>The sequence of a text or of token ids.</summary>
    /// <exception cref="ScoringFailedException">A text is far too long, or a token is none of the model's.</exception>
    public LimitedSequence Encode(RewardInput input, InputLimit limit)
    {
        var ids = input is TextInput text ? Encode(text) : [.. ((TokenInput)input).Ids];
        if (ids.AsSpan().IndexOfAnyExceptInRange(0, vocabulary - 1) is >= 0 and var place)
        {
            throw new ScoringFailedException(new Failure(
                FailureKind.InvalidRequest, $"Token {place} of an input is {ids[place]}, which is not in 0..{vocabulary - 1}."));
        }

        var most = Math.Min(limit.MaxTokens ?? int.MaxValue, maxLength);
        var sequence = encoder.Encode(0, ids);
        var surplus = sequence.Ids.Length - most;
        if (surplus <= 0)
        {
            return new(sequence, sequence.Ids.Length, IsCut: false);
        }

        // The ending, where the score is read, is added behind what is left.
        return !limit.Cuts || !canBeCut || surplus >= ids.Length
            ? new(null, sequence.Ids.Length, IsCut: false)
            : new(encoder.Encode(0, limit.KeepsEnd ? ids.AsSpan(surplus) : ids.AsSpan(0, ids.Length - surplus)),
                sequence.Ids.Length, IsCut: true);
    }

    /// <summary>Sequences side by side that begin alike, each group with what all of it has in common.</summary>
    public static IEnumerable<(int[] Prompt, List<(int Index, LimitedSequence Sequence)> Sequences)> WithCommonBeginning(
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

    private int[] Encode(TextInput text)
    {
        if (encoder.AreCertainlyLonger([text.Text], 4 * maxLength))
        {
            throw new ScoringFailedException(Failure.PromptTooLong(
                $"A text has far more tokens than the {maxLength} that the reward model '{model}' reads."));
        }

        var ids = _encoder.Encode(text.Text);
        return text.AddsSpecialTokens && tokenizer is { AddsBos: true, BosId: { } bos } && (ids.Count == 0 || ids[0] != bos)
            ? [bos, .. ids] : [.. ids];
    }

    private static int[] Shared(int[] prompt, int count) => count > 1 ? prompt : [];
}
