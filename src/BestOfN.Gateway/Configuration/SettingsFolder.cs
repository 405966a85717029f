namespace BestOfN.Gateway.Configuration;

/// <summary>The folder of appsettings.json, from which relative paths in it begin.</summary>
internal static class SettingsFolder
{
    /// <summary>Names another folder; relative to the program's own.</summary>
    private const string Variable = "ASPNETCORE_CONTENTROOT";

    /// <summary>The program's own folder unless the variable says otherwise.</summary>
    public static string Path => System.IO.Path.GetFullPath(Environment.GetEnvironmentVariable(Variable) ?? ".", AppContext.BaseDirectory);
}
