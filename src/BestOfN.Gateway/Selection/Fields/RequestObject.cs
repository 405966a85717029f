using System.Text.Json;
using BestOfN.Gateway.Errors;

namespace BestOfN.Gateway.Selection.Fields;

/// <summary>
/// A JSON object of a request, whose fields are read with their types and ranges checked. A field that is null counts as absent.
/// </summary>
/// <param name="element">The object.</param>
/// <param name="path">Where it stands in the request; empty for the request itself.</param>
internal readonly struct RequestObject(JsonElement element, string path = "")
{
    // The schemas of tools may be nested deeply.
    internal const int MaxDepth = 512;

    public JsonElement Element => element;

    public string PathOf(string name) => path.Length == 0 ? name : $"{path}.{name}";

    /// <summary>Parses a request and hands it to a reader of its fields.</summary>
    /// <exception cref="ApiException">It is no JSON object, or <paramref name="read"/> found a mistake.</exception>
    public static T Read<T>(ReadOnlyMemory<byte> body, Func<RequestObject, T> read)
    {
        try
        {
            using var json = JsonDocument.Parse(body, new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = MaxDepth });
            return json.RootElement.ValueKind is JsonValueKind.Object
                ? read(new RequestObject(json.RootElement))
                : throw ApiException.Invalid("The request body must be a JSON object.");
        }
        catch (JsonException exception)
        {
            throw ApiException.Invalid($"The request body is not valid JSON: {exception.Message}", code: "invalid_json");
        }
        catch (InvalidOperationException)
        {
            // What the parser lets through and a string refuses: bytes or escapes that are no Unicode.
            throw ApiException.Invalid("The request body contains text that is not valid Unicode.", code: "invalid_json");
        }
    }

    public bool Has(string name) => TryGet(name, out _);

    public bool TryGet(string name, out JsonElement value) =>
        element.TryGetProperty(name, out value) && value.ValueKind is not JsonValueKind.Null;

    public string? Text(string name) => TryGet(name, out var value)
        ? value.ValueKind is JsonValueKind.String ? value.GetString() : throw WrongType(PathOf(name), "a string", value)
        : null;

    public string RequiredText(string name) =>
        Text(name) is { Length: > 0 } text ? text : throw ApiException.Invalid($"'{PathOf(name)}' is required.", PathOf(name));

    public bool? Boolean(string name) => TryGet(name, out var value)
        ? value.ValueKind switch
        {
            JsonValueKind.True => true,
            JsonValueKind.False => false,
            _ => throw WrongType(PathOf(name), "a boolean", value),
        }
        : null;

    public int? Integer(string name, int min, int max) => TryGet(name, out var value) ? Integer(value, PathOf(name), min, max) : null;

    public static int Integer(JsonElement value, string param, int min, int max)
    {
        if (Whole(value) is not { } number)
        {
            throw value.ValueKind is JsonValueKind.Number && double.IsInteger(value.GetDouble())
                ? ApiException.Invalid($"'{param}' must be between {min} and {max}.", param, "out_of_range")
                : WrongType(param, "an integer", value);
        }

        return number >= min && number <= max
            ? (int)number
            : throw ApiException.Invalid($"'{param}' must be between {min} and {max}, but is {number}.", param, "out_of_range");
    }

    public long? LongInteger(string name) => TryGet(name, out var value)
        ? Whole(value) ?? throw WrongType(PathOf(name), "an integer", value)
        : null;

    /// <summary>A number without a fraction, however it is written: <c>512</c>, <c>512.0</c> and <c>5.12e2</c> are one.</summary>
    private static long? Whole(JsonElement value) =>
        value.ValueKind is not JsonValueKind.Number ? null
        : value.TryGetInt64(out var number) ? number
        : value.TryGetDecimal(out var exact) && decimal.IsInteger(exact) && exact is >= long.MinValue and <= long.MaxValue ? (long)exact
        : null;

    public double? Number(string name, double min, double max)
    {
        if (!TryGet(name, out var value))
        {
            return null;
        }

        if (value.ValueKind is not JsonValueKind.Number)
        {
            throw WrongType(PathOf(name), "a number", value);
        }

        var number = value.GetDouble();
        return number >= min && number <= max
            ? number
            : throw ApiException.Invalid(
                FormattableString.Invariant($"'{PathOf(name)}' must be between {min} and {max}, but is {number}."), PathOf(name),
                "out_of_range");
    }

    /// <summary>One string or an array of strings.</summary>
    public IReadOnlyList<string> Texts(string name)
    {
        if (!TryGet(name, out var value))
        {
            return [];
        }

        var param = PathOf(name);
        return value.ValueKind switch
        {
            JsonValueKind.String => [value.GetString()!],
            JsonValueKind.Array => [.. value.EnumerateArray().Select(item => item.ValueKind is JsonValueKind.String
                ? item.GetString()!
                : throw WrongItem(param, "an array of strings", item))],
            _ => throw WrongType(param, "a string or an array of strings", value),
        };
    }

    public RequestObject? Child(string name) => TryGet(name, out var value)
        ? value.ValueKind is JsonValueKind.Object
            ? new RequestObject(value, PathOf(name))
            : throw WrongType(PathOf(name), "an object", value)
        : null;

    public static ApiException WrongType(string param, string expected, JsonElement found) =>
        ApiException.Invalid($"'{param}' must be {expected}, but is {Describe(found.ValueKind, expected)}.", param, "invalid_type");

    public static ApiException WrongItem(string param, string expected, JsonElement found) =>
        ApiException.Invalid($"'{param}' must be {expected}, but holds {Describe(found.ValueKind, expected)}.", param, "invalid_type");

    private static string Describe(JsonValueKind kind, string expected) => kind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "an array",
        JsonValueKind.String => "a string",
        JsonValueKind.Number => expected is "an integer" ? "a number that is not whole" : "a number",
        JsonValueKind.True or JsonValueKind.False => "a boolean",
        _ => "null",
    };
}
