using System.Diagnostics;

namespace BestOfN.Inference.Tests;

/// <summary>Files that are not regular.</summary>
internal static class SpecialFiles
{
    /// <summary>Makes a named pipe that nothing writes to: opening it waits for ever.</summary>
    public static void Pipe(string path)
    {
        using var process = Process.Start("mkfifo", [path]);
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
    }
}
