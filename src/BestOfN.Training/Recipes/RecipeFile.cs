using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using BestOfN.Inputs.Files;
using BestOfN.Inputs.Records;

namespace BestOfN.Training.Recipes;

/// <summary>Reads a recipe: JSON with comments, snake_case names, unknown fields refused.</summary>
public static class RecipeFile
{
    internal const int MaxBytes = 1 << 20;

    private static readonly JsonSerializerOptions s_json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        ReadCommentHandling = JsonCommentHandling.Skip,
        AllowTrailingCommas = true,
        AllowDuplicateProperties = false,
        TypeInfoResolver = new DefaultJsonTypeInfoResolver(),
    };

    /// <exception cref="RecipeException">The file is missing or not such a recipe; the message names the file and every field that is unknown or missing.</exception>
    public static T Load<T>(string path)
    {
        if (!File.Exists(path))
        {
            throw new RecipeException($"There is no recipe {path}; --recipe names one, and without it the recipe that comes with the program is followed.");
        }

        try
        {
            var text = RegularFile.ReadAllBytes(path, MaxBytes);
            using var document = JsonDocument.Parse(
                text, new() { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true, AllowDuplicateProperties = false });
            JsonText.CheckWhole(document.RootElement);
            RecipeException.ThrowIfAny([.. WrongNames(document.RootElement, s_json.GetTypeInfo(typeof(T)), "")]);
            return document.RootElement.Deserialize<T>(s_json) ?? throw new RecipeException("expected a JSON object, found null");
        }
        catch (RecipeException e)
        {
            throw new RecipeException($"{path}: {e.Message}", e);
        }
        catch (JsonException e)
        {
            throw new RecipeException($"{path}: {(e.Path is { Length: > 2 } field ? $"{field[2..]}: {WrongType(e)}" : $"line {e.LineNumber + 1}: {JsonText.Describe(e)}")}.", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            throw new RecipeException($"{path}: {e.Message}", e);
        }
    }

    /// <summary>Tells one recipe from another; a saved training belongs to exactly one.</summary>
    public static string Fingerprint<T>(T recipe) => Convert.ToHexStringLower(SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(recipe, s_json)))[..16];

    private static string WrongType(JsonException e)
    {
        const string Beginning = "The JSON value could not be converted to ";
        return e.Message.StartsWith(Beginning, StringComparison.Ordinal) ? "a value of another type is expected" : JsonText.Describe(e);
    }

    private static IEnumerable<string> WrongNames(JsonElement value, JsonTypeInfo type, string path)
    {
        if (value.ValueKind == JsonValueKind.Array && type.ElementType is { } element)
        {
            return value.EnumerateArray().SelectMany((item, i) => WrongNames(item, s_json.GetTypeInfo(element), $"{path.TrimEnd('.')}[{i}]."));
        }

        if (value.ValueKind != JsonValueKind.Object || type.Kind != JsonTypeInfoKind.Object)
        {
            return [];
        }

        var known = type.Properties.ToDictionary(p => p.Name, StringComparer.Ordinal);
        var names = new FieldNames([.. known.Keys]);
        return
        [
            .. value.EnumerateObject().SelectMany(member => known.TryGetValue(member.Name, out var property)
                ? WrongNames(member.Value, s_json.GetTypeInfo(property.PropertyType), $"{path}{member.Name}.")
                : [names.Unknown(member.Name, path)]),
            .. known.Values.Where(p => p.IsRequired && !value.TryGetProperty(p.Name, out _)).Select(p => $"{path}{p.Name}: is missing"),
        ];
    }
}
