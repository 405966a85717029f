namespace BestOfN.Deploy.Tests;

/// <summary>The checkout that these tests were built from.</summary>
internal static class DeployFiles
{
    public static string Root { get; } = Find();

    /// <returns>The full path of a file or folder, from the top of the repository.</returns>
    public static string PathOf(string relative) => Path.Combine(Root, relative);

    public static string Read(string relative) => File.ReadAllText(PathOf(relative));

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
