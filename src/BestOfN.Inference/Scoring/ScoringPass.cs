namespace BestOfN.Inference.Scoring;

/// <summary>One pass in the making: runs until the token budget is spent.</summary>
internal sealed class ScoringPass(long number, int budget)
{
    public long Number => number;

    public int TokensLeft { get; private set; } = budget;

    public List<PackedRun> Runs { get; } = [];

    /// <summary>Parallel to <see cref="Runs"/>: whose rewards they give.</summary>
    public List<(ScoringWork Work, int Sequence)> Targets { get; } = [];

    /// <summary>Works with a part in this pass.</summary>
    public HashSet<ScoringWork> Works { get; } = [];

    /// <summary>Set where the only run's angles depend on its length.</summary>
    public int SequenceLength { get; set; }

    public int Tokens { get; private set; }

    public void Add(ScoringWork work, int sequence, PackedRun run)
    {
        Works.Add(work);
        Runs.Add(run);
        Targets.Add((work, sequence));
        TokensLeft -= run.Ids.Length;
        Tokens += run.Ids.Length;
    }
}
