using System.Diagnostics;

namespace BestOfN.Inputs.Tests.Videos;

/// <summary>Makes videos on the spot.</summary>
internal static class FFmpeg
{
    public static void SkipIfMissing() => Assert.SkipUnless(
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => File.Exists(Path.Combine(folder, "ffmpeg"))),
            "ffmpeg is not installed.");

    /// <param name="source">A source of ffmpeg's lavfi device.</param>
    /// <param name="name">File name; its extension chooses the container.</param>
    public static async Task<byte[]> MakeAsync(string source, string name, params string[] options)
    {
        SkipIfMissing();
        var folder = Directory.CreateTempSubdirectory("bestofn-test-");
        try
        {
            var path = Path.Combine(folder.FullName, name);
            var start = new ProcessStartInfo("ffmpeg", ["-nostdin", "-v", "error", "-f", "lavfi", "-i", source, .. options, path])
            {
                RedirectStandardError = true,
            };
            using var process = Process.Start(start)!;
            var errors = await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
            Assert.True(process.ExitCode == 0, errors);
            return await File.ReadAllBytesAsync(path, TestContext.Current.CancellationToken);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
