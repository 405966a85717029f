namespace BestOfN.Inputs.Decoding;

/// <summary>One answer in the making, as ids. Lives on the engine's thread.</summary>
internal sealed class TokenSequence
{
    private readonly List<int> _ids = [];
    private readonly Dictionary<int, int>? _counts;
    private readonly List<DrawnToken>? _drawn;

    /// <param name="sampling">How to draw.</param>
    /// <param name="seed">Its own: the same seed draws the same, alone or in company.</param>
    /// <param name="alternatives">Alternatives to report for every token; null: no log-probabilities at all.</param>
    public TokenSequence(TokenSampling sampling, long seed, int? alternatives = null)
    {
        (Sampling, Seed, Alternatives) = (sampling, seed, alternatives);
        _counts = sampling.HasPenalties ? [] : null;
        _drawn = alternatives is null ? null : [];
    }

    public TokenSampling Sampling { get; }

    public long Seed { get; }

    public int? Alternatives { get; }

    /// <summary>Everything drawn so far, an end token included.</summary>
    public IReadOnlyList<int> Ids => _ids;

    /// <summary>One per token of <see cref="Ids"/>; empty where none were asked for.</summary>
    public IReadOnlyList<DrawnToken> Drawn => _drawn is null ? [] : _drawn;

    /// <summary>How often each token was drawn; null without penalties.</summary>
    public IReadOnlyDictionary<int, int>? Counts => _counts;

    /// <summary>True from <see cref="End"/> on: its row leaves the batch before the next step.</summary>
    public bool IsEnded { get; private set; }

    /// <summary>True where the network gave no usable distribution; it has ended then.</summary>
    public bool IsBroken { get; private set; }

    public void End() => IsEnded = true;

    internal void Break() => IsEnded = IsBroken = true;

    internal void Append(int id)
    {
        _ids.Add(id);
        if (_counts is not null)
        {
            _counts[id] = _counts.GetValueOrDefault(id) + 1;
        }
    }

    internal void Report(DrawnToken drawn) => _drawn!.Add(drawn);
}
