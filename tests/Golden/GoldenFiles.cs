using System.Text.Json;

namespace BestOfN.Testing;

/// <summary>Reference outputs made with public reference implementations; Golden/README.md says how.</summary>
internal static class GoldenFiles
{
    public static string Folder(string name) => Path.Combine(AppContext.BaseDirectory, "Golden", name);

    public static JsonElement Read(string folder, string file)
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Folder(folder), file)));
        return document.RootElement.Clone();
    }

    public static long[] Ids(JsonElement sample) => [.. sample.GetProperty("input_ids").EnumerateArray().Select(e => e.GetInt64())];

    public static float[] Floats(JsonElement array) => [.. array.EnumerateArray().Select(e => e.GetSingle())];
}
