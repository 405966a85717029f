using System.Globalization;
using System.Runtime.InteropServices;

namespace BestOfN.Benchmarks;

/// <summary>How much more memory the process held at most while something ran (Linux; elsewhere 0).</summary>
internal static partial class PeakMemory
{
    public static long Of(Action work)
    {
        if (!OperatingSystem.IsLinux())
        {
            work();
            return 0;
        }

        _ = malloc_trim(0);                                    // what the last method left over would hide what this one takes
        File.WriteAllText("/proc/self/clear_refs", "5");     // resets VmHWM
        var before = Status("VmRSS");
        work();
        return Math.Max(0, Status("VmHWM") - before);
    }

    private static long Status(string field)
    {
        var line = File.ReadLines("/proc/self/status").First(l => l.StartsWith(field, StringComparison.Ordinal));
        return 1024 * long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
    }

    [LibraryImport("libc")]
    private static partial int malloc_trim(nuint pad);
}
