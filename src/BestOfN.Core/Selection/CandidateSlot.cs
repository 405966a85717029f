using System.Text;
using BestOfN.Core.Generation;
using BestOfN.Core.Rewards;

namespace BestOfN.Core.Selection;

/// <summary>One candidate on its way.</summary>
internal sealed class CandidateSlot(int index, IAnswerDemands? demands = null)
{
    private readonly StringBuilder _text = new();
    private string? _key;
    private AnswerFlaw? _flaw;

    public int Index => index;

    public Candidate? Candidate { get; private set; }

    public GenerationFailedException? Failure { get; private set; }

    /// <summary>What the answer says and does.</summary>
    public MessageContent Content => field ??= MessageContent.Of(Candidate!);

    /// <summary>The candidate as strategies see it.</summary>
    public ScoredCandidate Scored => new(Candidate!, Score) { Key = _key ??= AnswerKey.Of(Content) };

    public CandidateScore? Score { get; set; }

    /// <summary>The reward model cannot read so long an answer: it stays without a score, and its siblings keep theirs.</summary>
    public bool IsTooLongToJudge { get; set; }

    /// <summary>The candidate stands in with the text it had when a budget ran out.</summary>
    public bool IsPartial { get; private set; }

    public bool HasEnded => Candidate is not null || Failure is not null;

    /// <summary>Pieces seen so far: for generators that stream, about one a token.</summary>
    public int Pieces { get; private set; }

    public long CompletionTokens => Candidate?.Usage.CompletionTokens ?? Pieces;

    /// <summary>Why the answer gives way to others; decided once, when the answer is there.</summary>
    public AnswerFlaw Flaw => _flaw ??= FindFlaw();

    public bool IsTruncated => Candidate?.FinishReason is "length" or "content_filter";

    public CandidateStatus Status => this switch
    {
        { Score: not null } => CandidateStatus.Scored,
        { IsPartial: true } => CandidateStatus.Partial,
        { Candidate: not null } => CandidateStatus.Finished,
        { Failure: not null } => CandidateStatus.Failed,
        _ => CandidateStatus.Cancelled,
    };

    private AnswerFlaw FindFlaw() =>
        Candidate is null ? AnswerFlaw.None
        : Content.IsEmpty ? AnswerFlaw.Empty
        : IsTruncated ? AnswerFlaw.CutOff
        : Content.Refusal.Length > 0 ? AnswerFlaw.Refusal
        : demands?.FlawOf(Content) ?? AnswerFlaw.None;

    public void Append(string text)
    {
        _text.Append(text);
        Pieces++;
    }

    public void Finish(Candidate candidate) => Candidate ??= candidate;

    public void Fail(GenerationFailedException failure) => Failure ??= failure;

    /// <param name="latency">From the start of the generation until now.</param>
    /// <param name="promptTokens">0 where it is not known.</param>
    /// <returns>False if there is no text to stand in with.</returns>
    public bool TryFinishPartially(TimeSpan latency, int promptTokens)
    {
        if (HasEnded || _text.Length == 0)
        {
            return false;
        }

        var text = _text.ToString();
        IsPartial = true;
        Candidate = new Candidate
        {
            Index = index,
            Text = text,
            FinishReason = "length",
            Usage = new TokenUsage(promptTokens, Pieces),
            Message = AssistantMessage.Write(text),
            Latency = latency,
        };
        return true;
    }
}
