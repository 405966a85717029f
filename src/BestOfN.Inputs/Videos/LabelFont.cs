using SkiaSharp;

namespace BestOfN.Inputs.Videos;

/// <summary>A font of the system with which frames are numbered.</summary>
internal static class LabelFont
{
    private static readonly string[] Folders =
        ["/usr/share/fonts", "/usr/local/share/fonts", "/System/Library/Fonts", Environment.GetFolderPath(Environment.SpecialFolder.Fonts)];

    private static readonly string[] Preferred = ["SimHei.ttf", "DejaVuSans.ttf",
        "LiberationSans-Regular.ttf", "NotoSans-Regular.ttf", "Arial.ttf"];

    private static readonly Lazy<SKTypeface?> Found = new(Find);

    /// <summary>Null where the system has none that can write a label.</summary>
    public static SKTypeface? Typeface => Found.Value;

    private static SKTypeface? Find()
    {
        var options = new EnumerationOptions
        {
            RecurseSubdirectories = true,
            MaxRecursionDepth = 4,
            IgnoreInaccessible = true,
            MatchCasing = MatchCasing.CaseInsensitive,
        };
        return Folders.Where(folder => folder.Length > 0).Distinct().Where(Directory.Exists)
            .SelectMany(folder => Directory.EnumerateFiles(folder, "*.ttf", options))
            .OrderBy(path => Array.FindIndex(Preferred,
                name => name.Equals(Path.GetFileName(path), StringComparison.OrdinalIgnoreCase)) is var rank and >= 0 ? rank
                    : Preferred.Length)
            .ThenBy(path => path, StringComparer.Ordinal)
            .Take(32)
            .Select(SKTypeface.FromFile)
            .FirstOrDefault(typeface => typeface?.ContainsGlyphs("<IMAGE 0123456789>") == true);
    }
}
