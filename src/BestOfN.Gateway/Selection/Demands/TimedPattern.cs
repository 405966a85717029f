using System.Diagnostics;
using System.Text.RegularExpressions;
using Json.Schema;

namespace BestOfN.Gateway.Selection.Demands;

/// <summary>A client's regular expressions: in linear time where that can be had, and never for long.</summary>
internal static class TimedPattern
{
    private const int LongestPattern = 1000;
    private static readonly TimeSpan _timeout = TimeSpan.FromMilliseconds(200);

    /// <exception cref="ArgumentException">It is no regular expression, or too long a one.</exception>
    public static Regex Create(string pattern)
    {
        if (pattern.Length > LongestPattern)
        {
            throw new ArgumentException($"A pattern has at most {LongestPattern} characters.", nameof(pattern));
        }

        try
        {
            return new Regex(pattern, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant, _timeout);
        }
        catch (NotSupportedException)
        {
            return new Regex(pattern, RegexOptions.CultureInvariant, _timeout); // it looks ahead or back
        }
    }

    /// <summary>Does what may match patterns, and charges for it.</summary>
    public static KeywordEvaluation Charge(SchemaBudget budget, Func<KeywordEvaluation> match)
    {
        var started = Stopwatch.GetTimestamp();
        var evaluation = match();
        budget.Spend(Stopwatch.GetElapsedTime(started));
        return evaluation;
    }
}
