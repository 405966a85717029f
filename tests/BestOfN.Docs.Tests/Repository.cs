namespace BestOfN.Docs.Tests;

/// <summary>The checkout that these tests were built from.</summary>
internal static class Repository
{
    public static string Root { get; } = Find();

    public static string PathOf(string relative) => Path.Combine(Root, relative);

    /// <summary>The texts of all C# files under <c>src</c>, by path.</summary>
    public static IReadOnlyDictionary<string, string> Sources { get; } = SourcesUnder("src");

    public static Dictionary<string, string> SourcesUnder(string folder) =>
        Directory.EnumerateFiles(PathOf(folder), "*.cs", SearchOption.AllDirectories)
            .Where(file => !file.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal))
            .ToDictionary(file => Path.GetRelativePath(Root, file), File.ReadAllText);

    private static string Find()
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(directory.FullName, "BestOfN.sln")))
        {
            directory = directory.Parent ?? throw new InvalidOperationException("BestOfN.sln was not found above the test's folder.");
        }

        return directory.FullName;
    }
}
