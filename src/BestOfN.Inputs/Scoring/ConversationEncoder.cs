using BestOfN.Core.Prompts;
using BestOfN.Core.Rewards;
using BestOfN.Inputs.Tokenizers;

namespace BestOfN.Inputs.Scoring;

/// <summary>From conversations to the token ids that the reference would see, and the positions it would read.</summary>
/// <remarks>
/// Every answer is rendered and tokenised together with its prompt: a token may reach over the border between the two. Thread-safe.
/// </remarks>
internal sealed class ConversationEncoder
{
    // The spelling in the published step-reward models, whose config.json does not name the id.
    private const string StepToken = "<extra_0>";

    private readonly Render _render;
    private readonly ITokenizer _tokenizer;
    private readonly IReadOnlyList<int> _ending;
    private readonly int? _stepTokenId;
    private readonly int? _padTokenId;
    private readonly Lazy<int[]> _closing;
    private readonly LengthBound _length;

    /// <param name="render">The model's chat template.</param>
    /// <param name="tokenizer">The model's tokenizer.</param>
    /// <param name="ending">Appended to every sequence, as far as it does not end with it; its last token is read. Empty: the last token of
    /// the conversation is.</param>
    /// <param name="scoresSteps">Every step of an answer is read.</param>
    /// <param name="stepTokenId">What ends a step; null: the tokenizer tells.</param>
    /// <param name="padTokenId">The last token that differs from it is read; null: the last token.</param>
    /// <exception cref="InvalidDataException">The model scores steps and neither it nor the tokenizer knows their token.</exception>
    public ConversationEncoder(
        Render render, ITokenizer tokenizer, IReadOnlyList<int> ending, bool scoresSteps, int? stepTokenId, int? padTokenId = null)
    {
        (_render, _tokenizer, _ending, _padTokenId) = (render, tokenizer, ending, padTokenId);
        _stepTokenId = (scoresSteps, stepTokenId) switch
        {
            (false, _) => null,
            (true, { } id) => id,
            _ => tokenizer.SpecialTokens.TryGetValue(StepToken, out var id) ? id
                : throw new InvalidDataException(
                    $"The model scores steps, but neither config.json (step_token_id) nor the tokenizer ({StepToken}) names their token."),
        };
        _closing = new(FindClosing);
        _length = new(tokenizer);
    }

    /// <summary>A chat template: messages to token ids, with or without the header of the answer to come.</summary>
    public delegate IReadOnlyList<int> Render(IReadOnlyList<ChatMessage> messages, bool addGenerationPrompt);

    /// <inheritdoc cref="LengthBound.IsPassedBy"/>
    public bool AreCertainlyLonger(IEnumerable<string> texts, int tokens) => _length.IsPassedBy(texts, tokens);

    /// <summary>The conversation up to the answer.</summary>
    public int[] Encode(IReadOnlyList<ChatMessage> prompt) => [.. _render(prompt, true)];

    /// <summary>The conversation with an answer.</summary>
    public ScoringSequence Encode(IReadOnlyList<ChatMessage> prompt, Answer answer)
    {
        if (_stepTokenId is { } step)
        {
            return EncodeSteps(prompt, answer, step);
        }

        var ids = Whole(prompt, answer);
        return Encode(answer.Index, answer.IsComplete ? ids : WithoutClosing(ids)) with { IsComplete = answer.IsComplete };
    }

    /// <summary>Token ids that are a conversation already.</summary>
    /// <exception cref="ScoringFailedException">They are none, or the model scores steps and they end none.</exception>
    public ScoringSequence Encode(int key, ReadOnlySpan<int> ids)
    {
        if (_stepTokenId is { } step)
        {
            var rows = new List<int>();
            for (var i = 0; i < ids.Length; i++)
            {
                if (ids[i] == step)
                {
                    rows.Add(i);
                }
            }

            return rows.Count == 0
                ? throw new ScoringFailedException($"The model scores steps, and sequence {key} has no step token ({step}).")
                : new ScoringSequence { Key = key, Ids = ids[..(rows[^1] + 1)].ToArray(), Rows = [.. rows] };
        }

        int[] read = [.. ids, .. _ending.Skip(EndingWithin(ids))];
        if (_padTokenId is { } pad && read.Length > 0)
        {
            // The published rule: the last token that does not pad, else the first; what comes behind it cannot change its state.
            read = read[..(Math.Max(0, read.AsSpan().LastIndexOfAnyExcept(pad)) + 1)];
        }

        return read.Length == 0
            ? throw new ScoringFailedException($"Sequence {key} has no tokens.")
            : new ScoringSequence { Key = key, Ids = read, Rows = [read.Length - 1] };
    }

    /// <summary>How many tokens of the ending stand at the end already.</summary>
    private int EndingWithin(ReadOnlySpan<int> ids)
    {
        for (var count = _ending.Count; count > 0; count--)
        {
            if (ids.EndsWith(_ending.Take(count).ToArray()))
            {
                return count;
            }
        }

        return 0;
    }

    // Steps are separated by the model's own token where the text spells it, else by blank lines. The published way: the token in place of
    // the separator, and one at the end.
    private ScoringSequence EncodeSteps(IReadOnlyList<ChatMessage> prompt, Answer answer, int stepToken)
    {
        if (answer.Fields is { Count: > 0 } fields)
        {
            throw new ScoringFailedException(
                $"{fields.Keys.First()}: the model scores the steps of a text, and nothing else of an answer.");
        }

        var separator = answer.Text.Contains(StepToken, StringComparison.Ordinal) ? StepToken : "\n\n";
        var steps = answer.Text.Split(separator, StringSplitOptions.RemoveEmptyEntries);
        var ids = new List<int>(WithoutClosing(Whole(prompt, new Answer(answer.Index, steps.FirstOrDefault() ?? ""))));
        var rows = new List<int> { ids.Count };
        ids.Add(stepToken);
        foreach (var step in steps.Skip(1))
        {
            ids.AddRange(_tokenizer.EncodeBehindToken(step));
            rows.Add(ids.Count);
            ids.Add(stepToken);
        }

        return new ScoringSequence { Key = answer.Index, Ids = [.. ids], Rows = [.. rows], IsComplete = answer.IsComplete };
    }

    private int[] Whole(IReadOnlyList<ChatMessage> prompt, Answer answer) => [.. _render([.. prompt, answer.ToMessage()], false)];

    private int[] WithoutClosing(int[] ids) => ids.AsSpan().EndsWith(_closing.Value) ? ids[..^_closing.Value.Length] : ids;

    // In bytes, which are never fewer than characters.
    /// <summary>What the template puts behind an answer: where two conversations with different answers end alike.</summary>
    private int[] FindClosing()
    {
        var (a, b) = (Whole([new("user", "?")], new Answer(0, "a")), Whole([new("user", "?")], new Answer(0, "b")));
        var common = 0;
        while (common < Math.Min(a.Length, b.Length) && a[^(common + 1)] == b[^(common + 1)])
        {
            common++;
        }

        return a[^common..];
    }
}
