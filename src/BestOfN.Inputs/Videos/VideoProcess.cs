using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;

namespace BestOfN.Inputs.Videos;

/// <summary>One run of ffmpeg or ffprobe under limits: memory, processor time, no files
/// written, no environment, killed when disposed.</summary>
internal sealed class VideoProcess : IDisposable
{
    private const int ErrorCharacters = 8192;

    // The shell only sets limits; what comes from outside reaches it as an argument, never as code. A limit the system refuses is left out.
    private const string Limited = "ulimit -v \"$1\" 2>/dev/null; ulimit -t \"$2\" 2>/dev/null; "
        + "ulimit -f 0 2>/dev/null; ulimit -c 0 2>/dev/null; shift 2; exec \"$@\"";

    private readonly Process _process;
    private readonly Task<string> _errors;

    private VideoProcess(Process process)
    {
        _process = process;
        _errors = ReadErrorsAsync(process.StandardError);
    }

    public Stream Output => _process.StandardOutput.BaseStream;

    /// <exception cref="VideoToolMissingException">The tool is not on the path.</exception>
    public static VideoProcess Start(string tool, IEnumerable<string> arguments, VideoLimits limits)
    {
        var path = Find(tool) ?? throw new VideoToolMissingException(tool);
        var start = new ProcessStartInfo
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        if (OperatingSystem.IsWindows())
        {
            start.FileName = path;
        }
        else
        {
            start.FileName = "/bin/sh";
            var seconds = Math.Max(1, (long)Math.Ceiling(limits.Time.TotalSeconds * 4));
            foreach (var argument in (string[])["-c", Limited, "sh", Text(limits.ProcessMemory / 1024), Text(seconds), path])
            {
                start.ArgumentList.Add(argument);
            }

            var libraries = Environment.GetEnvironmentVariable("LD_LIBRARY_PATH");
            start.Environment.Clear();
            start.Environment["LC_ALL"] = "C";
            if (libraries is not null)
            {
                start.Environment["LD_LIBRARY_PATH"] = libraries;
            }
        }

        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        try
        {
            var process = Process.Start(start)!;
            process.StandardInput.Close();
            return new(process);
        }
        catch (Win32Exception exception)
        {
            throw new VideoToolMissingException(tool, exception);
        }

        static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>Waits for the end.</summary>
    /// <returns>The exit code, 0 for success, and the first lines of what the tool complained about.</returns>
    public async Task<(int Code, string Errors)> EndAsync(CancellationToken cancellationToken)
    {
        await _process.WaitForExitAsync(cancellationToken);
        return (_process.ExitCode, await _errors.WaitAsync(cancellationToken));
    }

    public void Dispose()
    {
        try
        {
            _process.Kill(entireProcessTree: true);
        }
        catch (Exception exception) when (exception is InvalidOperationException or Win32Exception or AggregateException)
        {
            // It has ended already.
        }

        _process.Dispose();
    }

    private static string? Find(string tool) => (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
        .Where(Path.IsPathFullyQualified)
        .Select(folder => Path.Combine(folder, OperatingSystem.IsWindows() ? tool + ".exe" : tool))
        .FirstOrDefault(File.Exists);

    private static async Task<string> ReadErrorsAsync(StreamReader reader)
    {
        var kept = new char[ErrorCharacters];
        var rest = new char[ErrorCharacters];
        var length = 0;
        try
        {
            // The pipe is drained to its end: a tool that fills it would wait for ever.
            for (int count; (count = await reader.ReadAsync(length < kept.Length ? kept.AsMemory(length) : rest)) > 0;)
            {
                length = Math.Min(kept.Length, length + (length < kept.Length ? count : 0));
            }
        }
        catch (Exception exception) when (exception is IOException or ObjectDisposedException or InvalidOperationException)
        {
            // Killed and disposed: what was read so far is what there is.
        }

        return new(kept, 0, length);
    }
}
