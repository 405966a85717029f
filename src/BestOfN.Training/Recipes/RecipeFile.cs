using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;
using BestOfN.Models.Files;

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
    };

    /// <exception cref="RecipeException">The file is missing or not such a recipe; the message names file and field.</exception>
    public static T Load<T>(string path)
    {
        try
        {
            return JsonSerializer.Deserialize<T>(RegularFile.ReadAllBytes(path, MaxBytes), s_json) ?? throw new RecipeException($"{path}: expected a JSON object, found null.");
        }
        catch (JsonException e)
        {
            throw new RecipeException($"{path}: {e.Message}", e);
        }
        catch (IOException e)
        {
            throw new RecipeException($"{path}: {e.Message}", e);
        }
    }

    /// <summary>Tells one recipe from another; a saved training belongs to exactly one.</summary>
    public static string Fingerprint<T>(T recipe) => Convert.ToHexStringLower(SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(recipe, s_json)))[..16];
}
