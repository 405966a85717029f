using BestOfN.Core.Generation;
using BestOfN.Core.Selection;
using BestOfN.Protocols.OpenAI.Wire;

namespace BestOfN.Gateway.Selection;

/// <summary>Events of candidates that wait for the next chunk. Texts of one candidate that follow each other are one event.</summary>
internal sealed class LiveBatch
{
    private readonly List<LiveEvent> _events = [];

    // Where in the list more text of a candidate goes.
    private readonly Dictionary<int, int> _texts = [];

    /// <summary>Whether a candidate has come further. Until then no stream need begin: all may fail with a status of their own.</summary>
    public bool HasProgress { get; private set; }

    public bool IsEmpty => _events.Count == 0;

    public void Add(GenerationEvent happened)
    {
        HasProgress |= happened is not CandidateFailed;
        if (happened is CandidateDelta delta)
        {
            AddText(delta);
            return;
        }

        _texts.Remove(happened.Index);
        _events.Add(happened switch
        {
            CandidateFinished { Candidate: { } candidate } => new()
            {
                Type = "finished",
                Index = happened.Index,
                FinishReason = candidate.FinishReason,
                CompletionTokens = candidate.Usage.CompletionTokens,
                LatencyMs = (long)candidate.Latency.TotalMilliseconds,
            },
            CandidateFailed failed => new() { Type = "failed", Index = happened.Index, Message = failed.Exception.Message },
            CandidateScored scored => new() { Type = "scored", Index = happened.Index, Score = scored.Score.Value },
            _ => throw new ArgumentException($"There is no word for {happened.GetType().Name}.", nameof(happened)),
        });
    }

    /// <summary>Adds the ranks of all candidates that gave an answer.</summary>
    public void AddRanks(SelectionResult selection) =>
        _events.AddRange(selection.Ranking.Select(ranked => new LiveEvent { Type = "ranked", Index = ranked.Index, Rank = ranked.Rank }));

    /// <summary>Empties the batch.</summary>
    public LiveEvents Take()
    {
        LiveEvents taken = new([.. _events]);
        _events.Clear();
        _texts.Clear();
        return taken;
    }

    private void AddText(CandidateDelta delta)
    {
        if (_texts.TryGetValue(delta.Index, out var place))
        {
            _events[place] = _events[place] with { Text = _events[place].Text + delta.Text };
        }
        else if (delta.Text.Length > 0)
        {
            _texts[delta.Index] = _events.Count;
            _events.Add(new() { Type = "text", Index = delta.Index, Text = delta.Text });
        }
    }
}
