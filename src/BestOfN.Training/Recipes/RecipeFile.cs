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
    private const int MaxBytes = 1 << 20;

    private static readonly JsonSerializerOptions s_json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        ReadCommentHandling = JsonCommentHandling.Skip,
        AllowTrailingCommas = true,
        AllowDuplicateProperties = false,
        AllowOutOfOrderMetadataProperties = true,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
        TypeInfoResolver = new DefaultJsonTypeInfoResolver(),
    };

    private static readonly Dictionary<string, Type> s_kinds = s_json.GetTypeInfo(typeof(Recipe)).PolymorphismOptions!.DerivedTypes
        .ToDictionary(t => (string)t.TypeDiscriminator!, t => t.DerivedType, StringComparer.Ordinal);

    // Names that recipes had before.
    private static readonly Dictionary<string, string> s_formerNames = new(StringComparer.Ordinal)
    {
        ["first_lesson"] = "curriculum_phase",
        ["flaws"] = "process_supervision",
        ["warmup_steps"] = "warmup",
        ["warmup_ratio"] = "warmup",
    };

    /// <param name="path">The file.</param>
    /// <param name="kinds">The kinds that are expected; none: all.</param>
    /// <exception cref="RecipeException">The file is missing or no such recipe; the message names the file and every field that is unknown,
    /// missing or of another type.</exception>
    public static Recipe Load(string path, params IReadOnlyList<string> kinds)
    {
        if (!File.Exists(path))
        {
            throw new RecipeException(
                $"There is no recipe {path}; --recipe names one, and without it the recipe that comes with the program is followed.");
        }

        try
        {
            var text = RegularFile.ReadAllBytes(path, MaxBytes);
            using var document = JsonDocument.Parse(
                text, new() { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true, AllowDuplicateProperties = false });
            JsonText.CheckWhole(document.RootElement);
            var mistakes = new RecipeMistakes();
            Check(document.RootElement, kinds.Count > 0 ? kinds : [.. s_kinds.Keys], mistakes);
            mistakes.ThrowIfAny();
            return document.RootElement.Deserialize<Recipe>(s_json)!;
        }
        catch (JsonException e)
        {
            throw new RecipeException($"{path}: line {e.LineNumber + 1}: {JsonText.Describe(e)}.", e);
        }
        catch (Exception e) when (e is RecipeException or IOException or UnauthorizedAccessException or InvalidDataException)
        {
            throw new RecipeException($"{path}: {e.Message}", e);
        }
    }

    /// <summary>Tells one recipe from another; a saved training belongs to exactly one.</summary>
    public static string Fingerprint<T>(T recipe) =>
        Convert.ToHexStringLower(SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(recipe, s_json)))[..16];

    private static void Check(JsonElement root, IReadOnlyList<string> kinds, RecipeMistakes mistakes)
    {
        var choice = string.Join(" or ", kinds);
        if (root.ValueKind != JsonValueKind.Object)
        {
            throw new RecipeException($"expected a JSON object, found {Found(root)}.");
        }

        if (!root.TryGetProperty(Recipe.Kind, out var kind))
        {
            throw new RecipeException($"{Recipe.Kind}: is missing; expected {choice}.");
        }

        if (kind.ValueKind != JsonValueKind.String || !kinds.Contains(kind.GetString()!))
        {
            throw new RecipeException($"{Recipe.Kind}: expected {choice}, found {Found(kind)}.");
        }

        CheckMembers(root, s_json.GetTypeInfo(s_kinds[kind.GetString()!]), "", mistakes);
    }

    private static void CheckMembers(JsonElement value, JsonTypeInfo type, string prefix, RecipeMistakes mistakes)
    {
        var known = type.Properties.ToDictionary(p => p.Name, StringComparer.Ordinal);
        var names = new FieldNames([.. known.Keys], s_formerNames);
        foreach (var member in value.EnumerateObject())
        {
            var field = prefix + member.Name;
            if (field == Recipe.Kind)
            {
                continue;
            }

            if (!known.TryGetValue(member.Name, out var property))
            {
                mistakes.Add(names.Unknown(member.Name, prefix));
            }
            else if (member.Value.ValueKind != JsonValueKind.Null || !property.IsSetNullable)
            {
                CheckValue(member.Value, s_json.GetTypeInfo(property.PropertyType), field, mistakes);
            }
        }

        foreach (var missing in known.Values.Where(p => p.IsRequired && !value.TryGetProperty(p.Name, out _)))
        {
            mistakes.Add($"{prefix}{missing.Name}: is missing");
        }
    }

    private static void CheckValue(JsonElement value, JsonTypeInfo type, string field, RecipeMistakes mistakes)
    {
        if (type.Kind == JsonTypeInfoKind.Enumerable && value.ValueKind == JsonValueKind.Array)
        {
            var element = s_json.GetTypeInfo(type.ElementType!);
            foreach (var (i, item) in value.EnumerateArray().Index())
            {
                CheckValue(item, element, $"{field}[{i}]", mistakes);
            }
        }
        else if (type.Kind == JsonTypeInfoKind.Object && value.ValueKind == JsonValueKind.Object)
        {
            CheckMembers(value, type, field + ".", mistakes);
        }
        else
        {
            mistakes.Expect(Fits(value, type), field, Expected(type), Found(value));
        }
    }

    private static bool Fits(JsonElement value, JsonTypeInfo type)
    {
        try
        {
            return type.Kind == JsonTypeInfoKind.None && value.ValueKind != JsonValueKind.Null && value.Deserialize(type) is not null;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static string Expected(JsonTypeInfo type) => type switch
    {
        { Kind: JsonTypeInfoKind.Object } => "an object",
        { Kind: JsonTypeInfoKind.Enumerable } => "a list",
        _ => (Nullable.GetUnderlyingType(type.Type) ?? type.Type) switch
        {
            var t when t == typeof(string) => "a text",
            var t when t == typeof(bool) => "true or false",
            var t when t == typeof(double) => "a number",
            _ => "a whole number in range",
        },
    };

    private static string Found(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "a list",
        _ => value.GetRawText() is var text && text.Length > 40 ? text[..40] + "…" : text,
    };
}
