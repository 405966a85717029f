namespace BestOfN.Training.Recipes;

/// <summary>What becomes of a score before it is trained on.</summary>
public sealed record PolicyShaping
{
    /// <summary>Scores are held within ± this; null: as they are.</summary>
    public double? ScoreClip { get; init; }

    /// <summary>Taken off the score of an answer that did not end by itself.</summary>
    public double UnfinishedPenalty { get; init; } = 1;

    /// <summary>Tokens before the longest length in which an answer begins to lose score (DAPO); 0: none.</summary>
    public int OverlongBuffer { get; init; }

    /// <summary>What an answer of the longest length loses.</summary>
    public double OverlongFactor { get; init; } = 1;

    /// <summary>Whether rewards of tokens are whitened over the batch, their mean kept; only with a critic.</summary>
    public bool WhitensRewards { get; init; }

    /// <summary>Whether groups whose scores hardly differ are left out (dynamic sampling without drawing again).</summary>
    public bool DropsFlatGroups { get; init; }

    internal void Check(RecipeMistakes mistakes, string field = "shaping")
    {
        mistakes.Expect(ScoreClip is null or > 0, $"{field}.score_clip", "a number above 0, or nothing", ScoreClip);
        mistakes.Expect(UnfinishedPenalty is >= 0 and < 1e6, $"{field}.unfinished_penalty", "0 or more", UnfinishedPenalty);
        mistakes.AtLeast(0, $"{field}.overlong_buffer", OverlongBuffer);
        mistakes.Expect(OverlongFactor is >= 0 and < 1e6, $"{field}.overlong_factor", "0 or more", OverlongFactor);
    }
}
