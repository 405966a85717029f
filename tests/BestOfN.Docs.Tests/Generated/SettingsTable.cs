using System.Collections;
using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Reflection;

namespace BestOfN.Docs.Tests.Generated;

/// <summary>The settings of a section as a table: name, meaning, default and what is allowed.</summary>
internal static class SettingsTable
{
    private static readonly string[] s_units = ["bytes", "KiB", "MiB", "GiB", "TiB", "PiB"];

    /// <param name="defaults">The options as they are where nothing is configured.</param>
    public static string Of(object defaults)
    {
        var comments = SourceComments.OfMembers(defaults.GetType().Name);
        return "| setting | meaning | default | allowed |\n| --- | --- | --- | --- |\n" + string.Concat(
            from property in Settings(defaults)
            select $"| `{property.Name}` | {comments[property.Name]} | {Default(property, defaults)} | {Allowed(property)} |\n");
    }

    /// <param name="defaults">A record whose parameters are the settings, as they are where nothing is configured.</param>
    public static string OfParameters(object defaults)
    {
        var comments = SourceComments.OfParameters(defaults.GetType().Name);
        return "| setting | meaning | default |\n| --- | --- | --- |\n" + string.Concat(
            from property in Settings(defaults)
            select $"| `{property.Name}` | {comments[property.Name]} | {Default(property, defaults)} |\n");
    }

    private static IEnumerable<PropertyInfo> Settings(object defaults) =>
        defaults.GetType().GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(property => property.CanWrite);

    private static string Default(PropertyInfo property, object defaults) => property.GetValue(defaults) switch
    {
        null or "" => property.GetCustomAttribute<RequiredAttribute>() is null ? "–" : "must be set",
        string text => $"`{text}`",
        IEnumerable => "none",
        Enum name => $"`{name}`",
        bool yes => yes ? "`true`" : "`false`",
        var group when IsGroup(group.GetType()) => "see below",
        var value => Amount(property, value),
    };

    private static bool IsGroup(Type type) => type.IsClass && type != typeof(string) && !typeof(IEnumerable).IsAssignableFrom(type);

    private static string Allowed(PropertyInfo property)
    {
        var type = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
        return property.GetCustomAttribute<RangeAttribute>() is { } range
                ? $"{Amount(property, range.Minimum)} to {Amount(property, range.Maximum)}"
            : property.GetCustomAttribute<RegularExpressionAttribute>() is { } pattern ? Words(pattern.Pattern)
            : property.GetCustomAttribute<StringLengthAttribute>() is { } length
                ? $"{length.MinimumLength} to {length.MaximumLength} characters"
            : type.IsEnum ? string.Join(", ", Enum.GetNames(type).Select(name => $"`{name}`"))
            : type == typeof(bool) ? "`true`, `false`"
            : type == typeof(string) ? "text"
            : type == typeof(string[]) ? "a list of texts"
            : IsGroup(type) ? "a group of settings"
            : "a group of settings for each name";
    }

    private static string Words(string pattern) => string.Join(
        ", ", pattern.Split('|').Select(word => $"`{word.Replace(@"(:\d+)?", "` or `cuda:N", StringComparison.Ordinal)}`"));

    private static string Amount(PropertyInfo property, object value) => value switch
    {
        string time => TrimmedFraction(time),
        TimeSpan time => TrimmedFraction(time.ToString("c", CultureInfo.InvariantCulture)),
        _ when property.Name.EndsWith("Bytes", StringComparison.Ordinal) => Bytes(Convert.ToDecimal(value, CultureInfo.InvariantCulture)),
        _ => Convert.ToDecimal(value, CultureInfo.InvariantCulture).ToString("#,0", CultureInfo.InvariantCulture),
    };

    private static string TrimmedFraction(string time) => time.Contains('.', StringComparison.Ordinal) ? time.TrimEnd('0') : time;

    private static string Bytes(decimal number)
    {
        var unit = 0;
        while (number >= 1024 && number % 1024 == 0 && unit < s_units.Length - 1)
        {
            (number, unit) = (number / 1024, unit + 1);
        }

        return unit == 0 ? $"{number:0} {(number == 1 ? "byte" : s_units[0])}" : $"{number} {s_units[unit]}";
    }
}
