namespace BestOfN.Architecture.Tests;

/// <summary>The checkout that these tests were built from.</summary>
internal static class RepositoryFiles
{
    public static string Root { get; } = Find();

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
