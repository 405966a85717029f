namespace BestOfN.Data.Cleaning;

/// <summary>What a report says about the run that made it.</summary>
/// <param name="Command">The command line.</param>
public sealed record CleaningRun(string Command)
{
    /// <summary>The reward model; null: scores came from files.</summary>
    public string? Judge { get; init; }

    /// <summary>How long checking and scoring took in this run; null: nothing was scored.</summary>
    public TimeSpan? Time { get; init; }

    /// <summary>Tokens that the reward model computed in this run; null where another server counts them.</summary>
    public long? Tokens { get; init; } = 0;

    /// <summary>Kept and dropped records are written; false: the report alone.</summary>
    public bool WritesRecords { get; init; } = true;
}
