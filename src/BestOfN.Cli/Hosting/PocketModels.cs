namespace BestOfN.Cli.Hosting;

/// <summary>The models that come with the product; they lie beside the program.</summary>
internal static class PocketModels
{
    public static DirectoryInfo Generator { get; } = Folder("pocket-generator");

    public static DirectoryInfo RewardModel { get; } = Folder("pocket-reward");

    private static DirectoryInfo Folder(string model) => new(Path.Combine(AppContext.BaseDirectory, "config", "models", model));
}
