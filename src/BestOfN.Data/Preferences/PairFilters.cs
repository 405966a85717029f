using System.Text;

namespace BestOfN.Data.Preferences;

/// <summary>Drops pairs that are not trained on.</summary>
/// <remarks>The limits are those of the released training code; the length constraint is
/// the paper's, its threshold is not published.</remarks>
public sealed record PairFilters
{
    private const int LongAnswer = 500;
    private const int LongRun = 100;

    private static readonly string[] s_markers = ["<|im_start|>", "<|im_end|>"];

    /// <summary>White space around every message is taken away, as the released code does.</summary>
    public bool Strip { get; init; } = true;

    /// <summary>A pair is dropped where the chosen answer has more than this many times the characters
    /// of the rejected one; null: length does not matter.</summary>
    public double? MaxLengthRatio { get; init; }

    /// <summary>The reason why a pair is dropped, in a few words; null if it is kept.</summary>
    public string? ReasonToDrop(PreferencePair pair)
    {
        ArgumentNullException.ThrowIfNull(pair);
        var (chosen, rejected) = (pair.Chosen[^1].Text, pair.Rejected[^1].Text);
        return ReasonToDrop(chosen) ?? ReasonToDrop(rejected)
            ?? (MaxLengthRatio is { } ratio && Characters(chosen) > ratio * Characters(rejected)
                ? "chosen answer much longer than rejected" : null);
    }

    private static string? ReasonToDrop(string answer) =>
        Array.Exists(s_markers, marker => answer.Contains(marker, StringComparison.Ordinal)) ? "answer with a chat marker"
        : string.IsNullOrWhiteSpace(answer) ? "empty answer"
        : Characters(answer) > LongAnswer && LongestRun(answer) > LongRun
            ? "long answer with a run of more than 100 characters without white space"
        : null;

    private static int Characters(string text) => text.EnumerateRunes().Count();

    private static int LongestRun(string text)
    {
        var (longest, run) = (0, 0);
        foreach (var rune in text.EnumerateRunes())
        {
            run = Rune.IsWhiteSpace(rune) ? 0 : run + 1;
            longest = Math.Max(longest, run);
        }

        return longest;
    }
}
