using System.Globalization;
using System.Text.RegularExpressions;
using BestOfN.Core.Generation;

namespace BestOfN.Protocols.OpenAI;

/// <summary>Recognises an upstream that refuses what the gateway has added to the client's request.</summary>
internal static partial class CallRefusal
{
    /// <param name="refusal">What the upstream said.</param>
    /// <param name="shape">How it was asked.</param>
    /// <param name="choices">How many choices were asked for.</param>
    /// <param name="canSplit">Whether fewer choices may be asked for.</param>
    /// <param name="template">The client's request.</param>
    /// <param name="hasBudget">Whether a token budget has put a limit into the call.</param>
    /// <returns>How to ask instead; null if the refusal is about something else. General: it says nothing of the client's own fields, so
    /// that it holds for all requests.</returns>
    public static (CallShape Shape, bool IsGeneral)? Smaller(
        GenerationFailedException refusal, CallShape shape, int choices, bool canSplit, RequestTemplate template, bool hasBudget)
    {
        if (refusal.Failure.Upstream is not { Status: 400 or 404 or 405 or 422 or 500 or 501, Body: { IsEmpty: false } body })
        {
            return null;
        }

        var words = ErrorWords.Read(body);
        var param = words.Param ?? "";
        var isGeneral = !template.ClientFields.Any(field => Names(words.Message, param, field));
        if (shape is { Streams: true, ReportsUsage: true } && (StreamOptions().IsMatch(words.Message) || StreamOptions().IsMatch(param)))
        {
            return (shape with { ReportsUsage = false }, isGeneral);
        }

        if (hasBudget && !template.HasTokenLimit && shape.TokenLimit is { } limit
            && (words.Message.Contains(limit, StringComparison.Ordinal) || param == limit))
        {
            // A field that is not known is one thing, a number that is too large another.
            var isNotKnown = NotKnown().IsMatch($"{words.Message} {words.Code}");
            return (shape with { TokenLimit = limit is "max_tokens" ? "max_completion_tokens" : null }, isGeneral && isNotKnown);
        }

        // An accident may well name the stream it happened in.
        var isAboutStream = shape.Streams && refusal.Failure.Upstream.Status is not 500
            && (param is "stream" || Stream().IsMatch(words.Message));
        if (choices > 1 && canSplit && param is not "stream" && (param is "n" || AboutChoices().IsMatch(words.Message)))
        {
            return (shape with { Choices = FewerChoices(words.Message, choices) }, isGeneral);
        }

        return isAboutStream ? (shape with { Streams = false }, isGeneral) : null;
    }

    private static bool Names(string message, string param, string field) =>
        param.Split('.', '[')[0] == field
            || Regex.IsMatch(message, $@"(?<![\w]){Regex.Escape(field)}(?![\w])", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant);

    /// <summary>The limit that the message names, one if it says that there is only one, else half.</summary>
    private static int FewerChoices(string message, int choices)
    {
        if (OnlyOne().IsMatch(message))
        {
            return 1;
        }

        var named = Numbers().Matches(message)
            .Select(number => int.TryParse(number.ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : 0)
            .Where(number => number >= 1 && number < choices)
            .DefaultIfEmpty(choices / 2)
            .Max();
        return named;
    }

    [GeneratedRegex(@"\b(stream_options|include_usage)\b", RegexOptions.CultureInvariant)]
    private static partial Regex StreamOptions();

    [GeneratedRegex(@"\bstream(s|ed|ing)?\b", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Stream();

    [GeneratedRegex(
        "unsupported|not (supported|permitted|allowed|recognized|known|accepted)|unrecognized|unknown|unexpected|extra|forbidden|instead"
        + "|deprecated",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex NotKnown();

    // llama-server: "n_cmpl cannot be greater than the number of slots, please increase -np", before that "Only one completion choice is
    // allowed"; others name the parameter: 'n' must be 1, n > 1 is not supported. A line break is no space here: "prompt\nn" is no sentence
    // about n.
    [GeneratedRegex(
        @"number of (slots|choices|completions)|completion choice|n_cmpl|[`'""]n[`'""]"
        + @"|(?<![\w\\])n[ \t]*(>|=|<|≤|must|should|is|cannot|can't|can not)|^n: |multiple (choices|completions)",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex AboutChoices();

    [GeneratedRegex(
        @"only (one|1|a single)\b|\b(must|should|has to|can only) (be|equal) (1|one)\b(?![ \t]*(-|–|to|and|or|\.\.)[ \t]*\d)"
        + @"|not support|unsupported|> ?1\b|multiple (choices|completions)",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex OnlyOne();

    [GeneratedRegex(@"(?<![\w.])\d+(?![\w]|\.\d)", RegexOptions.CultureInvariant)]
    private static partial Regex Numbers();
}
