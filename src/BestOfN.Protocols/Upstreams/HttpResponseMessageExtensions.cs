using System.Globalization;

namespace BestOfN.Protocols.Upstreams;

internal static class HttpResponseMessageExtensions
{
    /// <summary>
    /// How long the upstream asks to wait, in any form that servers use: seconds, a fraction of them, a date, or <c>retry-after-ms</c>;
    /// never negative.
    /// </summary>
    public static TimeSpan? RetryAfter(this HttpResponseMessage response, TimeProvider time) => response.Headers.RetryAfter switch
    {
        { Delta: { } delta } => delta,
        { Date: { } date } => date - time.GetUtcNow() is { Ticks: > 0 } wait ? wait : TimeSpan.Zero,
        _ => Number(response, "retry-after-ms") is { } milliseconds ? TimeSpan.FromMilliseconds(milliseconds)
            : Number(response, "retry-after") is { } seconds ? TimeSpan.FromSeconds(seconds)
            : null,
    };

    private static double? Number(HttpResponseMessage response, string name) =>
        response.Headers.NonValidated.TryGetValues(name, out var values)
        && double.TryParse(values.ToString(), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)
        && number <= int.MaxValue
            ? number
            : null;
}
