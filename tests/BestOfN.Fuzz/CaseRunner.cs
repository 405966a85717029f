using System.Diagnostics;
using System.Globalization;

namespace BestOfN.Fuzz;

/// <summary>Runs cases of one reader until time is up. The process may die of one: the
/// number of the case is on disk before it begins.</summary>
internal static class CaseRunner
{
    private const int KeptFailures = 10;

    // Time of the processor, so that a busy machine does not look like a hang; the wait is for what stands still.
    private static readonly TimeSpan s_longestWork = TimeSpan.FromSeconds(20), s_longestWait = TimeSpan.FromMinutes(5);

    public static int Run(FuzzReader reader, FuzzOptions options)
    {
        using var current = File.OpenHandle(CurrentCase(reader, options), FileMode.Create, FileAccess.Write, FileShare.Read);
        var watchdog = new Watchdog(reader.Name);
        var failures = new HashSet<string>();
        var seeds = reader.Seeds.Value.Count;
        var watch = new Stopwatch();
        var number = 0;
        for (; (number < options.Cases || watch.Elapsed.TotalSeconds < options.Seconds) && failures.Count < KeptFailures; number++)
        {
            if (number == seeds)
            {
                // Libraries are loaded and code is compiled while the seeds themselves are read.
                watch.Start();
            }

            RandomAccess.Write(current, BitConverter.GetBytes(number), 0);
            var input = reader.Make(options.Seed, number);
            watchdog.Begin(number);
            try
            {
                reader.Run(input);
            }
            catch (Exception e)
            {
                var place = new StackTrace(e).GetFrames()
                    .FirstOrDefault(f => f.GetMethod()?.DeclaringType?.FullName?.StartsWith("BestOfN.", StringComparison.Ordinal) == true);
                if (failures.Add($"{e.GetType()} {place?.GetMethod()?.DeclaringType} {place?.GetMethod()?.Name} {place?.GetILOffset()}"))
                {
                    Report(reader, options, number, input, e.ToString());
                }
            }
            finally
            {
                watchdog.End();
            }
        }

        Console.WriteLine(
            string.Create(CultureInfo.InvariantCulture,
                $"{reader.Name}: {number} cases, {failures.Count} failures, {watch.Elapsed.TotalSeconds:F1} s"));
        return failures.Count == 0 ? 0 : 1;
    }

    public static string CurrentCase(FuzzReader reader, FuzzOptions options) => Path.Combine(options.Output, reader.Name + ".case");

    public static void Report(FuzzReader reader, FuzzOptions options, int number, byte[] input, string what)
    {
        var path = Path.Combine(options.Output, string.Create(CultureInfo.InvariantCulture, $"{reader.Name}-{options.Seed}-{number}.bin"));
        File.WriteAllBytes(path, input);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"FAILED {reader.Name}: seed {options.Seed}, case {number}, saved as {path}; again "
                + $"with --reader {reader.Name} --seed {options.Seed} --case {number}\n{what}"));
    }

    /// <summary>Ends the process when a case does not end.</summary>
    private sealed class Watchdog
    {
        private readonly Lock _gate = new();
        private (int Number, TimeSpan Work, long Started)? _case;

        public Watchdog(string reader)
        {
            new Thread(() => Watch(reader)) { IsBackground = true }.Start();
        }

        public void Begin(int number)
        {
            lock (_gate)
            {
                _case = (number, Environment.CpuUsage.TotalTime, Stopwatch.GetTimestamp());
            }
        }

        public void End()
        {
            lock (_gate)
            {
                _case = null;
            }
        }

        private void Watch(string reader)
        {
            while (true)
            {
                Thread.Sleep(200);
                lock (_gate)
                {
                    if (_case is { } running
                        && (Environment.CpuUsage.TotalTime - running.Work > s_longestWork
                            || Stopwatch.GetElapsedTime(running.Started) > s_longestWait))
                    {
                        Console.WriteLine($"{reader}: case {running.Number} does not end.");
                        Process.GetCurrentProcess().Kill();
                    }
                }
            }
        }
    }
}
