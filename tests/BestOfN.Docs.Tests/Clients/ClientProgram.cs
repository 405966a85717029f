using System.Diagnostics;
using System.Text.RegularExpressions;
using BestOfN.Docs.Tests.Pages;

namespace BestOfN.Docs.Tests.Clients;

/// <summary>The programs of docs/clients.md, each in a folder of its own, run against a gateway with the pocket models.</summary>
internal static partial class ClientProgram
{
    private const string Address = "http://127.0.0.1:8080";

    public static IReadOnlyList<Block> All(string language) =>
        [.. Page.Open("docs/clients.md").Blocks.Where(block => block.Language == language)];

    /// <summary>Writes a program for a gateway that listens elsewhere.</summary>
    public static Task WriteAsync(string file, Block program, Uri gateway)
    {
        Assert.Contains(Address, program.Text, StringComparison.Ordinal);
        var text = program.Text.Replace(Address, gateway.ToString().TrimEnd('/'), StringComparison.Ordinal);
        return File.WriteAllTextAsync(file, text, TestContext.Current.CancellationToken);
    }

    /// <summary>Every program prints the winner, and then the scores of eight candidates.</summary>
    /// <remarks>The programs set no seed, so that the winner need not be a sum: the pocket model says other things, too.</remarks>
    public static void AssertPrinted(string output)
    {
        Assert.NotEqual("", output.Split('\n')[0].Trim());
        Assert.True(Score().Count(output) >= 8, output);
    }

    /// <returns>Whether one of the folders of PATH has it.</returns>
    public static bool IsThere(string program) => (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries).Any(folder => File.Exists(Path.Combine(folder, program)));

    /// <returns>The exit code and both outputs together.</returns>
    public static async Task<(int ExitCode, string Output)> RunAsync(string folder, string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = folder,
        };

        // A build in here must not think that it is part of the one that runs the tests.
        foreach (var name in start.Environment.Keys.Where(name => name.StartsWith("MSBuild", StringComparison.OrdinalIgnoreCase)).ToList())
        {
            start.Environment.Remove(name);
        }

        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        var errors = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (process.ExitCode, await output + await errors);
    }

    [GeneratedRegex(@"-?\d+\.\d+")]
    private static partial Regex Score();
}
