using System.Diagnostics;
using System.Globalization;

namespace BestOfN.Fuzz;

/// <summary>Tries a reader in a process of its own, so that its death is found and told like any other failure.</summary>
internal static class ReaderProcess
{
    // No honest case takes a hundredth of it.
    private const string HeapLimit = "0x60000000";

    /// <returns>True where no case failed.</returns>
    public static bool Run(FuzzReader reader, FuzzOptions options)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { UseShellExecute = false };
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet")
        {
            start.ArgumentList.Add(typeof(ReaderProcess).Assembly.Location);
        }

        foreach (var argument in (string[])
        [
            "--child", "--reader", reader.Name, "--seconds", options.Seconds.ToString(CultureInfo.InvariantCulture),
            "--cases", options.Cases.ToString(CultureInfo.InvariantCulture),
            "--seed", options.Seed.ToString(CultureInfo.InvariantCulture), "--output", options.Output,
        ])
        {
            start.ArgumentList.Add(argument);
        }

        start.Environment["DOTNET_GCHeapHardLimit"] = HeapLimit;
        using var process = Process.Start(start)!;
        process.WaitForExit();
        if (process.ExitCode is 0 or 1)
        {
            return process.ExitCode == 0;
        }

        var current = CaseRunner.CurrentCase(reader, options);
        if (!File.Exists(current) || File.ReadAllBytes(current) is not { Length: sizeof(int) } last)
        {
            Console.WriteLine($"FAILED {reader.Name}: the process ended with {process.ExitCode} before its first case");
            return false;
        }

        var number = BitConverter.ToInt32(last);
        CaseRunner.Report(reader, options, number, reader.Make(options.Seed, number),
            $"the process ended with {process.ExitCode}: it died of the case, or was ended because the case did not end");
        return false;
    }
}
