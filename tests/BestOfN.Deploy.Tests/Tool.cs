using System.Diagnostics;

namespace BestOfN.Deploy.Tests;

/// <summary>A program that a machine may lack; a test that needs it is skipped there and says so.</summary>
internal static class Tool
{
    /// <returns>Whether one of the folders of PATH has it.</returns>
    public static bool IsThere(string program) => (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries).Any(folder => File.Exists(Path.Combine(folder, program)));

    public static void SkipWithout(string program) => Assert.SkipUnless(IsThere(program), $"{program} is not installed.");

    /// <summary>Runs it to its end, at the top of the repository.</summary>
    /// <returns>The exit code and both outputs together.</returns>
    public static Task<(int ExitCode, string Output)> RunAsync(string program, params string[] arguments) =>
        RunAsync(program, [], arguments);

    public static async Task<(int ExitCode, string Output)> RunAsync(
        string program, (string Name, string Value)[] environment, string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = DeployFiles.Root,
        };
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        var errors = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (process.ExitCode, await output + await errors);
    }
}
