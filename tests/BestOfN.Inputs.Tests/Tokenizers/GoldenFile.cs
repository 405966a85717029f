using System.Text.Json;

namespace BestOfN.Inputs.Tests.Tokenizers;

/// <summary>Files under Golden, and third-party data that is not part of the repository but may lie beside it.</summary>
internal static class GoldenFile
{
    public static string Folder(params string[] path) => Path.Combine([AppContext.BaseDirectory, "Golden", .. path]);

    public static JsonElement Json(params string[] path)
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(Folder(path)));
        return document.RootElement.Clone();
    }

    public static string ThirdParty(string name)
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var candidate = Path.Combine(folder.FullName, "shared", "data", name);
            if (Directory.Exists(candidate))
            {
                return candidate;
            }
        }

        Assert.Skip($"shared/data/{name} is third-party data and not here");
        return "";
    }

    public static int[] Ids(this JsonElement element, string name) =>
        [.. element.GetProperty(name).EnumerateArray().Select(e => e.GetInt32())];

    public static string Text(this JsonElement element, string name) => element.GetProperty(name).GetString()!;
}
