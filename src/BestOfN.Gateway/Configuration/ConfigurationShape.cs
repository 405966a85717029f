using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Reflection;
using System.Security.Authentication;

namespace BestOfN.Gateway.Configuration;

/// <summary>
/// Compares a configuration section with the type it is meant for, because the binder stops at the first value it cannot convert and
/// ignores misspelt names.
/// </summary>
internal static class ConfigurationShape
{
    /// <returns>For each setting that does not fit: its path and why.</returns>
    public static IEnumerable<(string Path, string Problem)> Misfits(
        IConfigurationSection section, Type type, params IEnumerable<string> leaveOut)
    {
        if (KindOf(type) is not Kind.Group)
        {
            return ValueMisfits(section, type);
        }

        var properties = type.GetProperties(BindingFlags.Public | BindingFlags.Instance)
            .Where(property => property.CanWrite && !leaveOut.Contains(property.Name)).ToList();
        return NotAGroup(section) ?? section.GetChildren().SelectMany(child =>
            properties.Find(each => string.Equals(each.Name, child.Key, StringComparison.OrdinalIgnoreCase)) is { } property
                ? ValueMisfits(child, property.PropertyType)
                : [(child.Path, NoSuchSetting(child.Key, [.. properties.Select(each => each.Name)]) + ColonHint(section, child, type))]);
    }

    // The key llama3:8b is read as the setting 8b of llama3.
    private static string ColonHint(IConfigurationSection section, IConfigurationSection child, Type type) =>
        type == typeof(ModelOptions) && child.GetChildren().Any()
            ? $" A key cannot hold ':'; for such a model take another key and give it \"{nameof(ModelOptions.Name)}\": "
                + $"\"{section.Key}:{child.Key}\"."
            : "";

    public static string NoSuchSetting(string name, IReadOnlyCollection<string> known) =>
        $"there is no such setting.{NearestName.Suggestion(name, known)} Known are {string.Join(", ", known)}.";

    /// <summary>Binds what fits.</summary>
    public static void Bind(IConfigurationSection section, object options, IEnumerable<string> without)
    {
        var misfits = without.ToHashSet(StringComparer.OrdinalIgnoreCase);
        new ConfigurationBuilder()
            .AddInMemoryCollection(section.AsEnumerable().Where(pair => !misfits.Any(path => IsWithin(pair.Key, path))))
            .Build()
            .GetSection(section.Path)
            .Bind(options);
    }

    /// <summary>What the attributes of the properties refuse.</summary>
    public static IEnumerable<string> OutOfRange(string path, object options)
    {
        List<ValidationResult> results = [];
        Validator.TryValidateObject(options, new ValidationContext(options), results, validateAllProperties: true);
        return results.Select(result => $"{path}:{result.MemberNames.FirstOrDefault()}: {result.ErrorMessage}");
    }

    private enum Kind
    {
        Value,
        Names,
        Dictionary,
        List,
        Group,
    }

    private static IEnumerable<(string Path, string Problem)> ValueMisfits(IConfigurationSection section, Type type)
    {
        switch (KindOf(type))
        {
            case Kind.Group:
                return Misfits(section, type);
            case Kind.Dictionary:
                var valueType = type.GetGenericArguments()[1];
                return NotAGroup(section) ?? section.GetChildren().SelectMany(entry => ValueMisfits(entry, valueType));
            case Kind.List or Kind.Names:
                var itemType = KindOf(type) is Kind.Names ? Nullable.GetUnderlyingType(type) ?? type : ItemType(type)!;
                return string.IsNullOrEmpty(section.Value)
                    ? section.GetChildren()
                        .SelectMany(item => itemType.IsEnum ? ScalarMisfits(item, itemType) : ValueMisfits(item, itemType))
                    : [(section.Path, $"must be a list, but is '{section.Value}'.")];
            default:
                return ScalarMisfits(section, type);
        }
    }

    private static IEnumerable<(string Path, string Problem)> ScalarMisfits(IConfigurationSection section, Type type) =>
        section.GetChildren().Any() ? [(section.Path, $"must be {Describe(type)}, but is a group of settings.")]
        : IsConvertible(section.Value, type) ? []
        : [(section.Path, $"'{section.Value}' is not {Describe(type)}.")];

    private static IEnumerable<(string Path, string Problem)>? NotAGroup(IConfigurationSection section) =>
        string.IsNullOrEmpty(section.Value) ? null : [(section.Path, $"must be a group of settings, but is '{section.Value}'.")];

    private static Kind KindOf(Type type)
    {
        var target = Nullable.GetUnderlyingType(type) ?? type;
        return target == typeof(SslProtocols) ? Kind.Names
            : target.IsGenericType && target.Name.Contains("Dictionary", StringComparison.Ordinal) ? Kind.Dictionary
            : ItemType(target) is not null ? Kind.List
            : target.IsClass && !TypeDescriptor.GetConverter(target).CanConvertFrom(typeof(string)) ? Kind.Group
            : Kind.Value;
    }

    private static Type? ItemType(Type type) =>
        type.IsArray ? type.GetElementType()
        : type.IsGenericType && type.Name.Contains("List", StringComparison.Ordinal) ? type.GetGenericArguments()[0]
        : null;

    private static bool IsWithin(string path, string group) =>
        path.StartsWith(group, StringComparison.OrdinalIgnoreCase) && (path.Length == group.Length || path[group.Length] == ':');

    private static bool IsConvertible(string? value, Type type)
    {
        var target = Nullable.GetUnderlyingType(type);
        if (string.IsNullOrEmpty(value))
        {
            return target is not null || type.IsClass;
        }

        try
        {
            return (target ?? type) == typeof(Version)
                ? Version.TryParse(value.Contains('.', StringComparison.Ordinal) ? value : value + ".0", out _)
                : TypeDescriptor.GetConverter(target ?? type).ConvertFromInvariantString(value) is not null;
        }
        catch (Exception exception) when (exception is FormatException or ArgumentException or OverflowException)
        {
            return false;
        }
    }

    private static string Describe(Type type) => (Nullable.GetUnderlyingType(type) ?? type) switch
    {
        var t when t == typeof(int) || t == typeof(long) => "a whole number",
        var t when t == typeof(double) => "a number",
        var t when t == typeof(TimeSpan) => "a time span such as 00:00:30",
        var t when t == typeof(bool) => "true or false",
        var t when t == typeof(string) => "a text",
        var t when t == typeof(Uri) => "an address",
        var t when t == typeof(Version) => "a version such as 1.1 or 2",
        { IsEnum: true } t => $"one of {string.Join(", ", Enum.GetNames(t))}",
        var t => $"a {t.Name}",
    };
}
