using System.Diagnostics;

namespace BestOfN.Inference.Tests;

/// <summary>Files that are not regular.</summary>
internal static class SpecialFiles
{
    /// <summary>Makes a named pipe that nobody writes to: who opens it waits.</summary>
    public static void Pipe(string path)
    {
        using var process = Process.Start("mkfifo", [path]);
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
    }
}
