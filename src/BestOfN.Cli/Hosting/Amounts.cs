using System.Globalization;

namespace BestOfN.Cli.Hosting;

/// <summary>Numbers as a person reads them at a glance.</summary>
internal static class Amounts
{
    /// <summary>A rate per second, with enough digits to show a small one, too.</summary>
    public static string Rate(double perSecond) => !double.IsFinite(perSecond) || perSecond <= 0 ? "0"
        : perSecond >= 10 ? perSecond.ToString("F0", CultureInfo.InvariantCulture)
        : perSecond.ToString("G2", CultureInfo.InvariantCulture);

    /// <summary>A duration in its two largest units.</summary>
    public static string Time(TimeSpan time) => time switch
    {
        { TotalSeconds: < 10 } => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:F1} s"),
        { TotalMinutes: < 1 } => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:F0} s"),
        { TotalHours: < 1 } => string.Create(CultureInfo.InvariantCulture, $"{time.Minutes} min {time.Seconds} s"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{(int)time.TotalHours} h {time.Minutes} min"),
    };

    /// <summary>A number with its noun, which is in the plural unless there is one.</summary>
    public static string Count(long number, string noun) =>
        string.Create(CultureInfo.InvariantCulture, $"{number} {noun}{(number == 1 ? "" : "s")}");
}
