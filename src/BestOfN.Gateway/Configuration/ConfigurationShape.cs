using System.ComponentModel;
using System.Reflection;

namespace BestOfN.Gateway.Configuration;

/// <summary>Compares a configuration section with the type it is meant for, because the binder stops at the first value it cannot convert and ignores misspelt names.</summary>
internal static class ConfigurationShape
{
    /// <returns>For each setting that does not fit: its path and why.</returns>
    public static IEnumerable<(string Path, string Problem)> Misfits(IConfigurationSection section, Type type)
    {
        var properties = type.GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(property => property.CanWrite).ToList();
        foreach (var child in section.GetChildren())
        {
            var property = properties.Find(each => string.Equals(each.Name, child.Key, StringComparison.OrdinalIgnoreCase));
            if (property is null)
            {
                yield return (child.Path, $"there is no such setting; known are {string.Join(", ", properties.Select(each => each.Name))}.");
            }
            else if (EntryType(property.PropertyType) is { } entryType)
            {
                foreach (var misfit in child.GetChildren().SelectMany(entry => Misfits(entry, entryType)))
                {
                    yield return misfit;
                }
            }
            else if (!IsConvertible(child.Value, property.PropertyType))
            {
                yield return (child.Path, $"'{child.Value}' is not {Describe(property.PropertyType)}.");
            }
        }
    }

    private static Type? EntryType(Type type) =>
        type.IsGenericType && type.GetGenericTypeDefinition() == typeof(Dictionary<,>) ? type.GetGenericArguments()[1] : null;

    private static bool IsConvertible(string? value, Type type)
    {
        var target = Nullable.GetUnderlyingType(type);
        if (string.IsNullOrEmpty(value))
        {
            return target is not null || type == typeof(string);
        }

        try
        {
            return TypeDescriptor.GetConverter(target ?? type).ConvertFromInvariantString(value) is not null;
        }
        catch (Exception exception) when (exception is FormatException or ArgumentException or OverflowException)
        {
            return false;
        }
    }

    private static string Describe(Type type) => (Nullable.GetUnderlyingType(type) ?? type) switch
    {
        var t when t == typeof(int) || t == typeof(long) => "a whole number",
        var t when t == typeof(TimeSpan) => "a time span such as 00:00:30",
        var t when t == typeof(bool) => "true or false",
        var t => $"a {t.Name}",
    };
}
