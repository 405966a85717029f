namespace BestOfN.Deploy.Tests.Published;

/// <summary>What <c>dotnet publish -r linux-x64 --self-contained</c> wrote of both programs.</summary>
/// <remarks>It takes minutes, so these tests do not do it themselves: <c>.ci/run</c> does, and names the folder.</remarks>
internal static class PublishedFolder
{
    private const string Variable = "BESTOFN_PUBLISHED";

    public static string Of(string program)
    {
        var folder = Environment.GetEnvironmentVariable(Variable);
        Assert.SkipWhen(
            string.IsNullOrEmpty(folder), $"{Variable} names no folder with the published 'gateway' and 'cli' (docs/deploy.md).");
        return Path.Combine(folder!, program);
    }
}
